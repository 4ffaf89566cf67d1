/**
 * Run files, queries and passages as DataFrames, their join to the pairs that a cross encoder
 * scores, training sets, and single files written as committed parts. Spark lives here, models do
 * not.
 */
package dev.rankspark.corpus;
