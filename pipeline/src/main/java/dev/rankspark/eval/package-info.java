/** Measures as trec_eval computes and prints them. Plain Java, no Spark. */
package dev.rankspark.eval;
