package dev.rankspark.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Python's {@code random.Random} over whole numbers, draw by draw the same (CPython's {@code
 * Lib/random.py} and {@code Modules/_randommodule.c}).
 */
final class PythonRandom {
  private final MersenneTwister bits;

  private PythonRandom(int[] words) {
    bits = new MersenneTwister(words);
  }

  /** {@code random.Random(seed)}; a seed and its negative are the same to Python. */
  static PythonRandom of(long seed) {
    long size = Math.abs(seed);
    int low = (int) size;
    int high = (int) (size >>> 32);
    return new PythonRandom(high == 0 ? new int[] {low} : new int[] {low, high});
  }

  /**
   * {@code random.Random(...)} of a number beyond 64 bits.
   *
   * @param words of 32 bits, the lowest first, the last not 0
   */
  static PythonRandom ofWords(int... words) {
    return new PythonRandom(words.clone());
  }

  /** {@code shuffle(list)}, in place. */
  void shuffle(List<?> list) {
    for (int i = list.size() - 1; i > 0; i--) {
      Collections.swap(list, i, below(i + 1));
    }
  }

  /** {@code _randbelow_with_getrandbits(n)}: 0 to n - 1, all as likely. */
  private int below(int n) {
    int unused = Integer.numberOfLeadingZeros(n);
    int drawn = bits.next() >>> unused;
    while (drawn >= n) {
      drawn = bits.next() >>> unused;
    }
    return drawn;
  }

  /**
   * {@code choices(population, k=count)}: drawn with replacement.
   *
   * @throws IllegalArgumentException if there is nothing to draw from
   */
  <T> List<T> choices(List<T> population, int count) {
    if (population.isEmpty()) {
      throw new IllegalArgumentException("cannot choose from an empty population");
    }
    List<T> chosen = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      chosen.add(population.get((int) (uniform() * population.size())));
    }
    return chosen;
  }

  /** {@code random()}: 53 bits, from 0 to below 1. */
  private double uniform() {
    int high = bits.next() >>> 5;
    int low = bits.next() >>> 6;
    return (high * 0x1p26 + low) * 0x1p-53;
  }
}
