package dev.rankspark.prompt;

/**
 * The ids of one text.
 *
 * @param ids at least one, the last is the one that the head reads
 * @param truncated whether the text was cut at {@link Prompt#maxLength()}
 */
public record PairTokens(long[] ids, boolean truncated) {}
