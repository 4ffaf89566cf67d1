package dev.rankspark.train;

/**
 * {@code torch.randperm(n, generator=torch.Generator().manual_seed(seed))} on a CPU ({@code
 * randperm_cpu} in {@code aten/src/ATen/native/TensorFactories.cpp} of torch 2.7.1).
 */
final class TorchPermutation {
  /** From this many on torch draws 64 bits at a time: {@code 2^32 / 20}. */
  private static final int MOST = 214_748_364;

  private TorchPermutation() {}

  /**
   * The numbers from 0 to {@code n - 1} in torch's order.
   *
   * @param seed its low 32 bits count, as torch's generator keeps no more
   * @throws IllegalArgumentException if n is 214,748,364 or more
   */
  static int[] of(int n, long seed) {
    if (n >= MOST) {
      throw new IllegalArgumentException("expected fewer than " + MOST + " numbers, got " + n);
    }
    MersenneTwister random = new MersenneTwister((int) seed);
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      order[i] = i;
    }
    for (int i = 0; i < n - 1; i++) {
      int other = i + Integer.remainderUnsigned(random.next(), n - i);
      int swapped = order[i];
      order[i] = order[other];
      order[other] = swapped;
    }
    return order;
  }
}
