/**
 * A reranker as its files describe it, opened once: its directories found, its weights bound by
 * name and shape, tokenizer and pooling known, and the identity that its files' contents give it.
 * Weights are not read here. No Spark.
 */
package dev.rankspark.reranker;
