/**
 * Scoring pairs: the batch plan, one model per executor and device, the Spark job that ranks a run
 * anew.
 */
package dev.rankspark.score;
