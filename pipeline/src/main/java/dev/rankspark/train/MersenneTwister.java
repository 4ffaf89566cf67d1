package dev.rankspark.train;

/**
 * MT19937 (Matsumoto and Nishimura, 1998), as in their {@code mt19937ar.c}: the generator of both
 * Python's {@code random} and torch on a CPU, which differ in how they seed it.
 */
final class MersenneTwister {
  /** N in the paper: words of state. */
  private static final int WORDS = 624;

  /** M in the paper: how far apart the two words are that a new one is made of. */
  private static final int APART = 397;

  private static final int UPPER_BIT = 0x80000000;
  private static final int MATRIX_A = 0x9908b0df;

  private final int[] state = new int[WORDS];
  private int next = WORDS;

  /** {@code init_genrand}, torch's way. */
  MersenneTwister(int seed) {
    state[0] = seed;
    for (int i = 1; i < WORDS; i++) {
      state[i] = 1812433253 * mixed(i - 1) + i;
    }
  }

  /**
   * {@code init_by_array}, Python's way.
   *
   * @param key at least one word
   */
  MersenneTwister(int[] key) {
    this(19650218);
    int i = 1;
    for (int k = 0; k < Math.max(WORDS, key.length); k++) {
      int j = k % key.length;
      state[i] = (state[i] ^ (mixed(i - 1) * 1664525)) + key[j] + j;
      i = following(i);
    }
    for (int k = 1; k < WORDS; k++) {
      state[i] = (state[i] ^ (mixed(i - 1) * 1566083941)) - i;
      i = following(i);
    }
    state[0] = UPPER_BIT;
  }

  private int mixed(int i) {
    return state[i] ^ (state[i] >>> 30);
  }

  /** The word after this one; the first, once all had their turn, takes over from the last. */
  private int following(int i) {
    if (i < WORDS - 1) {
      return i + 1;
    }
    state[0] = state[WORDS - 1];
    return 1;
  }

  /** {@code genrand_int32}: the next 32 bits. */
  int next() {
    if (next == WORDS) {
      twist();
    }
    int y = state[next++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return y ^ (y >>> 18);
  }

  private void twist() {
    for (int i = 0; i < WORDS; i++) {
      int y = (state[i] & UPPER_BIT) | (state[(i + 1) % WORDS] & ~UPPER_BIT);
      state[i] = state[(i + APART) % WORDS] ^ (y >>> 1) ^ ((y & 1) == 0 ? 0 : MATRIX_A);
    }
    next = 0;
  }
}
