/**
 * Run files, qrels and score files as the field and Tevatron write them: lines, their readers and
 * writers, and Python's rules for splitting text and printing numbers, on which the equality of our
 * files with Tevatron's rests. Plain Java, no Spark.
 */
package dev.rankspark.run;
