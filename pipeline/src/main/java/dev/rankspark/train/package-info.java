/**
 * Training a reranker as Tevatron trains it: which passages make a group, which groups make a step
 * and where they are computed, the learning rate of each step. Spark spreads the groups; the
 * mathematics is plain Java.
 */
package dev.rankspark.train;
