/**
 * The SQL functions as Spark's optimizer and planner see them. Catalyst's signatures contain
 * Scala's {@code Seq}, which is another class in Scala 2.13: the build compiles these sources once
 * more for it, as {@code dev.rankspark.catalyst213}, and {@link dev.rankspark.udfs.SqlSurface}
 * chooses.
 */
package dev.rankspark.catalyst;
