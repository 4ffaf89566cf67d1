package dev.rankspark.prompt;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PoolingTest {
  private static final int PAD = 2;

  @Test
  void sequenceClassificationReadsTheLastTokenThatIsNotPadding() {
    assertThat(Pooling.LAST_BEFORE_PADDING.cut(new long[] {1, 5, 2, 6, 2, 2}, PAD))
        .containsExactly(1, 5, 2, 6);
  }

  @Test
  void ofPaddingAloneItReadsTheFirst() {
    assertThat(Pooling.LAST_BEFORE_PADDING.cut(new long[] {2, 2}, PAD)).containsExactly(2);
  }

  @Test
  void backboneReadsTheLastOrTheFirstToken() {
    assertThat(Pooling.LAST.cut(new long[] {1, 5, 2}, PAD)).containsExactly(1, 5, 2);
    assertThat(Pooling.FIRST.cut(new long[] {1, 5, 2}, PAD)).containsExactly(1);
  }
}
