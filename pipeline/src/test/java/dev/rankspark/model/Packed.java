package dev.rankspark.model;

import java.util.List;

/** Batches for tests. */
final class Packed {
  private Packed() {}

  /** Texts that share nothing. */
  static PackedTexts of(List<long[]> texts) {
    int tokens = texts.stream().mapToInt(text -> text.length).sum();
    return new PackedTexts.Builder(tokens).add(/* shared= */ 0, texts).build();
  }
}
