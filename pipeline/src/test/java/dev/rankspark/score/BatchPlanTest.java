package dev.rankspark.score;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BatchPlanTest {
  @Test
  void longestFirstAndEquallyLongOnesInInputOrder() {
    assertThat(BatchPlan.plan(new int[] {5, 9, 5, 2}, 2, 100))
        .containsExactly(new int[] {1, 0}, new int[] {2, 3});
  }

  @Test
  void aTextBeyondTheBudgetMakesABatchAlone() {
    assertThat(BatchPlan.plan(new int[] {300, 40, 30}, 64, 100))
        .containsExactly(new int[] {0}, new int[] {1, 2});
  }

  @Test
  void noTextsNoBatches() {
    assertThat(BatchPlan.plan(new int[0], 64, 100)).isEmpty();
  }

  @Test
  void everyTextOnceWithinBothLimits() {
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      int[] lengths = random.ints(random.nextInt(300), 1, 513).toArray();
      int maxRows = 1 + random.nextInt(64);
      int maxTokens = 1 + random.nextInt(4096);
      List<int[]> batches = BatchPlan.plan(lengths, maxRows, maxTokens);

      assertThat(batches.stream().flatMapToInt(Arrays::stream).sorted().toArray())
          .as("seed %d", seed)
          .containsExactly(java.util.stream.IntStream.range(0, lengths.length).toArray());
      for (int[] batch : batches) {
        int width = Arrays.stream(batch).map(i -> lengths[i]).max().orElseThrow();
        assertThat(batch.length).as("rows, seed %d", seed).isLessThanOrEqualTo(maxRows);
        assertThat(batch.length == 1 || batch.length * width <= maxTokens)
            .as("tokens, seed %d", seed)
            .isTrue();
      }
    }
  }
}
