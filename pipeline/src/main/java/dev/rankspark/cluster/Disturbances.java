package dev.rankspark.cluster;

/**
 * What went wrong on a cluster while a job ran, and Spark mended.
 *
 * @param failedTasks attempts that failed, those of lost executors among them
 * @param twins attempts that were begun beside another one, as that was slow
 * @param lostExecutors executors that were removed
 */
public record Disturbances(int failedTasks, int twins, int lostExecutors) {}
