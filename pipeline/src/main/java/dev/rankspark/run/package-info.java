/**
 * Retrieval runs, qrels and score files as the field and Tevatron write them: lines, their readers
 * and writers, what an id may hold, whether a column counts ranks. Plain Java, no Spark, no DJL.
 */
package dev.rankspark.run;
