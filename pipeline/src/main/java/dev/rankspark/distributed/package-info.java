/**
 * Several workers as one: they meet and sum their gradients, by libtorch's own c10d (Gloo, NCCL)
 * through a small library of ours, whose source is {@code src/main/native}. A worker that is lost
 * is an exception on every other, never a hang. No Spark.
 */
package dev.rankspark.distributed;
