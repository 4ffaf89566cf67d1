package dev.rankspark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Against CPython 3.11. */
class PythonRandomTest {

  /** {@code l = list(range(n)); random.Random(seed).shuffle(l)} */
  @Test
  void shuffles() {
    assertThat(shuffled(42, 10)).containsExactly(7, 3, 2, 8, 5, 6, 9, 4, 0, 1);
    assertThat(shuffled(0, 5)).containsExactly(2, 1, 0, 4, 3);
    assertThat(shuffled(42, 1)).containsExactly(0);
  }

  @Test
  void theSignOfASeedDoesNotCount() {
    assertThat(shuffled(-42, 10)).isEqualTo(shuffled(42, 10));
  }

  /** {@code 2**33 + 5} and {@code 10**18} */
  @Test
  void seedsBeyond32BitsHaveTwoWords() {
    assertThat(shuffled((1L << 33) + 5, 8)).containsExactly(0, 3, 6, 2, 7, 1, 5, 4);
    assertThat(shuffled(1_000_000_000_000_000_000L, 8)).containsExactly(5, 2, 3, 6, 4, 1, 0, 7);
  }

  /**
   * {@code random.Random((1 << 96) + (7 << 64) + (2 << 32) + 42).choices(["a", "b", "c"], k=7)} and
   * {@code random.Random(1 << 96).choices(range(100), k=6)}
   */
  @Test
  void choices() {
    assertThat(PythonRandom.ofWords(42, 2, 7, 1).choices(List.of("a", "b", "c"), 7))
        .containsExactly("c", "a", "a", "b", "a", "a", "c");
    List<Integer> hundred = IntStream.range(0, 100).boxed().toList();
    assertThat(PythonRandom.ofWords(0, 0, 0, 1).choices(hundred, 6))
        .containsExactly(32, 47, 9, 45, 51, 7);
  }

  @Test
  void thereIsNoChoiceFromNothing() {
    assertThatThrownBy(() -> PythonRandom.of(42).choices(List.of(), 1))
        .hasMessage("cannot choose from an empty population");
  }

  private static List<Integer> shuffled(long seed, int n) {
    List<Integer> list = new ArrayList<>(IntStream.range(0, n).boxed().toList());
    PythonRandom.of(seed).shuffle(list);
    return list;
  }
}
