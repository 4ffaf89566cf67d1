package dev.rankspark.checkpoint;

/**
 * What an adapter adds to one weight W of shape (out, in): {@code scaling * b a} (LoRA,
 * arXiv:2106.09685).
 *
 * @param a (r, in)
 * @param b (out, r)
 * @param scaling alpha / r, or alpha / sqrt(r) where the adapter says {@code use_rslora}
 */
public record LoraFactors(StoredTensor a, StoredTensor b, double scaling) {}
