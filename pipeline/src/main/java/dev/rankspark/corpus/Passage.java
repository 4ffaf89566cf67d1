package dev.rankspark.corpus;

import java.io.Serializable;

/** A passage with its text; the title may be empty. */
public record Passage(String docid, String title, String text) implements Serializable {}
