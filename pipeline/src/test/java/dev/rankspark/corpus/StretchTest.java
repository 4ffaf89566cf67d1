package dev.rankspark.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class StretchTest {
  private static final List<String> TEXTS = List.of("a", "b", "b", "c d", "");

  @Test
  void theSumIsTheSameHoweverTheTextsAreSplit() {
    Stretch whole = inOrder(TEXTS);
    assertThat(whole.size()).isEqualTo(5);
    for (int at = 0; at <= TEXTS.size(); at++) {
      Stretch split = inOrder(TEXTS.subList(0, at)).then(inOrder(TEXTS.subList(at, TEXTS.size())));
      assertThat(split.sum()).as("split at %d", at).isEqualTo(whole.sum());
      assertThat(split.size()).isEqualTo(5);
    }
  }

  @Test
  void theSumKnowsTheOrderUnlessThereIsNone() {
    List<String> swapped = List.of("b", "a", "b", "c d", "");
    assertThat(inOrder(swapped).sum()).isNotEqualTo(inOrder(TEXTS).sum());
    assertThat(inNoOrder(swapped).sum()).isEqualTo(inNoOrder(TEXTS).sum());
  }

  private static Stretch inOrder(List<String> texts) {
    return texts.stream().map(Stretch::of).reduce(Stretch.NONE, Stretch::then);
  }

  private static Stretch inNoOrder(List<String> texts) {
    return texts.stream().map(Stretch::of).reduce(Stretch.NONE, Stretch::with);
  }
}
