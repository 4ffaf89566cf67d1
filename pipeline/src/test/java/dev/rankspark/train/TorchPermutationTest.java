package dev.rankspark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** {@code torch.randperm(n, generator=torch.Generator().manual_seed(seed))} of torch 2.7.1. */
class TorchPermutationTest {
  @Test
  void equalsTorch() {
    assertThat(TorchPermutation.of(10, 42)).containsExactly(2, 6, 1, 8, 4, 5, 0, 9, 3, 7);
    assertThat(TorchPermutation.of(10, 43)).containsExactly(8, 4, 9, 0, 5, 1, 6, 7, 2, 3);
    assertThat(TorchPermutation.of(6, 0)).containsExactly(2, 5, 3, 0, 1, 4);
    assertThat(TorchPermutation.of(1, 42)).containsExactly(0);
    assertThat(TorchPermutation.of(0, 42)).isEmpty();
  }

  /** {@code manual_seed(2**32 + 42)} */
  @Test
  void theLow32BitsOfASeedCount() {
    assertThat(TorchPermutation.of(8, (1L << 32) + 42)).containsExactly(6, 3, 0, 7, 2, 1, 4, 5);
    assertThat(TorchPermutation.of(8, 42)).containsExactly(6, 3, 0, 7, 2, 1, 4, 5);
  }

  /** {@code h = (31 * h + x) & 0xffffffff} over all, as a signed number. */
  @Test
  void aMillionNumbers() {
    int[] order = TorchPermutation.of(1_000_000, 42);
    assertThat(Arrays.copyOf(order, 3)).containsExactly(637542, 129489, 295044);
    assertThat(Arrays.stream(order).reduce(0, (hash, x) -> 31 * hash + x)).isEqualTo(-620531592);
  }

  @Test
  void numbersThatTorchDrawsOtherwiseAreRefused() {
    assertThatThrownBy(() -> TorchPermutation.of(214_748_364, 42))
        .hasMessage("expected fewer than 214748364 numbers, got 214748364");
  }
}
