package dev.rankspark.run;

import java.io.Serializable;

/**
 * The ranks of a query's lines, in no order: how many, and a sum over them. No record: Kryo cannot
 * send one.
 */
public final class Ranks implements Serializable {
  private static final long serialVersionUID = 1L;

  /** No line. */
  public static final Ranks NONE = new Ranks(0, 0);

  private final long size;
  private final long sum;

  private Ranks(long size, long sum) {
    this.size = size;
    this.sum = sum;
  }

  public long size() {
    return size;
  }

  /** These and one more. */
  public Ranks with(long rank) {
    return new Ranks(size + 1, sum + mixed(rank));
  }

  /** These and others. */
  public Ranks with(Ranks others) {
    return new Ranks(size + others.size, sum + others.sum);
  }

  /** Whether they are 1, 2, ..., n, each once; false for others up to a chance of 1 in 2^64. */
  public boolean areOneToN() {
    long expected = 0;
    for (long rank = 1; rank <= size; rank++) {
      expected += mixed(rank);
    }
    return sum == expected;
  }

  /** The finalizer of splitmix64: sums of different sets of ranks differ. */
  private static long mixed(long rank) {
    long mixed = rank * 0x9E3779B97F4A7C15L;
    mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return mixed ^ (mixed >>> 31);
  }
}
