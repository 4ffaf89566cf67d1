/**
 * What is here to compute with by CUDA, and what is missing: the libtorch that DJL will load,
 * NVIDIA's driver and the devices that it shows, the environment's choice among them.
 */
package dev.rankspark.cuda;
