/**
 * Training a reranker as Tevatron trains it: which passages make a group, which groups make a step
 * and where they are computed, the learning rate of each step; the loop that a worker runs, its
 * checkpoints and its log; the job, a barrier stage of workers. The mathematics of the choice and
 * the plan is plain Java, the arithmetic of a step is {@code model}'s.
 */
package dev.rankspark.train;
