/**
 * What touches Spark's or Scala's internals, or an executor's resources: tasks and barrier stages,
 * slots, the hardware of executors and the models that they keep, accumulators and listeners,
 * settings, signals. Nothing else imports {@code scala} or {@code org.apache.spark.util}, {@code
 * deploy} and {@code internal}, so that another Spark is met here alone.
 */
package dev.rankspark.cluster;
