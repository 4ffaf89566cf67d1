package dev.rankspark.run;

/** One document of a query's result list; a higher score is better. */
public record Hit(String docid, double score) {}
