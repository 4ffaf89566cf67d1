package dev.rankspark.cuda;

/**
 * A device's memory in bytes.
 *
 * @param free what no program has
 * @param total all of it
 */
public record CudaMemory(long free, long total) {}
