/**
 * A base and its adapter as one plain model, from files to files: weights are merged some rows at a
 * time, so that a model may be larger than the memory. No Spark, no DJL.
 */
package dev.rankspark.merge;
