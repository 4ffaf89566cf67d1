/** Scores that outlive a run: Parquet on any Hadoop file system, by what decides a score. */
package dev.rankspark.store;
