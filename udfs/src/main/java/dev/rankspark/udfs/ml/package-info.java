/**
 * Stages of spark.ml: a reranker as a model, its training as an estimator, and an evaluator of
 * ranked lists. Params have the command line's words in camel case, and djl-spark-extension's where
 * that has one. Spark's ML library is asked for by this package alone.
 */
package dev.rankspark.udfs.ml;
