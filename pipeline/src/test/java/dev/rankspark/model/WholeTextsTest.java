package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class WholeTextsTest {
  /** Three texts that begin with 7 8, one of them longer, and a text alone. */
  private final WholeTexts texts =
      WholeTexts.of(
          List.of(
              new WholeTexts.Alike(
                  2, List.of(new long[] {7, 8, 1, 2}, new long[] {7, 8, 3}, new long[] {7, 8, 4})),
              new WholeTexts.Alike(0, List.of(new long[] {5, 6}))));

  @Test
  void everyTextIsThereFromItsFirstTokenOn() {
    int longest = texts.places().length / texts.ends().length;
    List<List<Long>> found =
        List.of(List.of(7L, 8L, 1L, 2L), List.of(7L, 8L, 3L), List.of(7L, 8L, 4L), List.of(5L, 6L));
    for (int text = 0; text < found.size(); text++) {
      assertThat(texts.lengths()[text]).isEqualTo(found.get(text).size());
      long[] rows =
          Arrays.copyOfRange(
              texts.places(), text * longest, text * longest + found.get(text).size());
      assertThat(Arrays.stream(rows).map(row -> texts.ids()[(int) row]).boxed().toList())
          .isEqualTo(found.get(text));
    }
  }

  @Test
  void beyondATextThereIsNoToken() {
    long none = texts.ids().length - 1L;
    assertThat(none).isGreaterThanOrEqualTo(8);
    assertThat(Arrays.stream(texts.places()).filter(row -> row == none).count())
        .isEqualTo(texts.places().length - 12L);
  }

  @Test
  void aTokensOutputIsTakenAndGivenBackOnce() {
    for (int row = 0; row < 8; row++) {
      int token = row;
      assertThat(Arrays.stream(texts.firstPlaces()).filter(other -> other == token).count())
          .isEqualTo(1);
      assertThat(texts.firstPlaces()[(int) texts.inverse()[row]]).isEqualTo(row);
    }
    assertThat(texts.prefixes()).containsExactly(new WholeTexts.Prefix(0, 2, 0, 3));
  }
}
