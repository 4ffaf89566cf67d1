/**
 * What lies in a model directory: tensors in safetensors files and torch archives, LoRA adapters,
 * the head. Reads headers first, bytes tensor by tensor, from any Hadoop path. Neither Spark nor
 * DJL.
 */
package dev.rankspark.checkpoint;
