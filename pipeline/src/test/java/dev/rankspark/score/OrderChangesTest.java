package dev.rankspark.score;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.corpus.ReferenceScores;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What counts as another order of a query's first ten documents. */
class OrderChangesTest {
  @Test
  void twoNeighboursThatChangePlacesAreTwoPositionsOfOneQuery() {
    double[] reference = {3, 2, 1, 3, 2, 1};
    double[] ours = {3, 2, 1, 3, 1.5, 1.6};
    assertThat(changes(3, reference, ours)).isEqualTo(new OrderChanges(2, 1, 2, Optional.of("q1")));
  }

  @Test
  void oneThatFallsMovesAllThatItStoodBefore() {
    double[] reference = {4, 3, 2, 1};
    double[] ours = {0, 3, 2, 1};
    assertThat(changes(4, reference, ours)).isEqualTo(new OrderChanges(1, 1, 4, Optional.of("q0")));
  }

  @Test
  void equalScoresOfTheReferenceHaveNoOrder() {
    double[] reference = {3, 1, 1, 0};
    double[] ours = {3, 1, 1.1, 0};
    assertThat(changes(4, reference, ours)).isEqualTo(new OrderChanges(1, 0, 0, Optional.empty()));
  }

  @Test
  void belowTheFirstTenNothingCounts() {
    double[] reference = IntStream.range(0, 12).mapToDouble(i -> -i).toArray();
    double[] ours = reference.clone();
    ours[10] = -11;
    ours[11] = -10;
    assertThat(changes(12, reference, ours)).isEqualTo(new OrderChanges(1, 0, 0, Optional.empty()));
    ours[11] = 1; // from the last place to the first
    assertThat(changes(12, reference, ours).positions()).isEqualTo(10);
  }

  /** Of queries q0, q1, ... with so many documents each. */
  private static OrderChanges changes(int documents, double[] reference, double[] ours) {
    return OrderChanges.of(
        IntStream.range(0, reference.length)
            .mapToObj(
                i ->
                    new ReferenceScores.Pair(
                        "file:" + (i + 1), "q" + i / documents, "d" + i, "", "", "", reference[i]))
            .toList(),
        reference,
        ours);
  }
}
