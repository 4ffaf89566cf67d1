package dev.rankspark.prompt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Two texts in one, and out of it again. */
class PairPartsTest {
  private static final List<String> TEXTS =
      List.of("", "q", "1", "12:", ":", ":3", "3:abc", "a\nb", "\n", "\ud83d\ude00", "\ud83d", " ");

  @Test
  void whatIsJoinedIsSplitAgain() {
    for (String query : TEXTS) {
      for (String document : TEXTS) {
        PairParts parts = new PairParts(query, document);
        assertThat(PairParts.split(parts.join())).isEqualTo(parts);
      }
    }
  }

  /** Scores are kept by the text. */
  @Test
  void twoPairsNeverHaveOneText() {
    assertThat(
            TEXTS.stream()
                .flatMap(one -> TEXTS.stream().map(other -> new PairParts(one, other).join())))
        .doesNotHaveDuplicates();
  }
}
