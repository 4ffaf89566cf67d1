package dev.rankspark.corpus;

import dev.rankspark.OptionException;

/**
 * A part of the rerank input's lines: {@code --dataset_number_of_shards} and {@code
 * --dataset_shard_index}. Neighbouring lines stay together and sizes differ by one at most, as
 * {@code Dataset.shard} of Hugging Face's {@code datasets} 3 cuts.
 *
 * @param number how many parts there are
 * @param index which one is meant, from 0
 */
public record Shard(int number, int index) {
  /** Everything. */
  public static final Shard ALL = new Shard(1, 0);

  public Shard {
    if (number < 1) {
      throw OptionException.of("--dataset-number-of-shards: expected at least 1, got %d", number);
    }
    if (index < 0 || index >= number) {
      throw OptionException.of(
          "--dataset-shard-index: expected 0 to %d, as there are %d shards, got %d",
          number - 1, number, index);
    }
  }

  /**
   * Where the part begins; it ends where the next one begins.
   *
   * @param lines of all parts
   */
  long first(long lines) {
    return lines / number * index + Math.min(index, lines % number);
  }

  /** Where the part ends, exclusive. */
  long end(long lines) {
    return first(lines) + lines / number + (index < lines % number ? 1 : 0);
  }
}
