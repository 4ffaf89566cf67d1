package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.progress.Progress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MovingLineTest {
  private static final Duration EVERY = Duration.ofMillis(20);

  private static final Progress HALF = new Progress.Scoring(4_300, 8_600, 456_000, 12);

  @Test
  void aWideTerminalHasABarAndAllWords() {
    assertThat(drawn(120, new Progress.Scoring(0, 8_600, 0, 0), HALF))
        .matches(
            "Scoring  50% \\[=+>? +] 4,300 of 8,600 pairs, .* left, .* pairs/s, 456,000 tokens,"
                + " 12 texts cut");
  }

  @Test
  void thePartsThatMatterLeastGoFirst() {
    assertThat(drawn(80, new Progress.Scoring(0, 8_600, 0, 0), HALF))
        .matches("Scoring  50% \\[=+>? +] 4,300 of 8,600 pairs, .* left.*");
    assertThat(drawn(30, HALF)).isEqualTo("50% 4,300 of 8,600 pairs");
    assertThat(drawn(12, HALF)).isEqualTo("50%");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 10, 20, 33, 44, 45, 46, 47, 60, 79, 80, 81, 132, 300})
  void itIsNeverWiderThanTheTerminal(int columns) {
    assertThat(drawn(columns, HALF)).hasSizeLessThan(columns);
    assertThat(drawn(columns, new Progress.Tasks("a".repeat(200), 1, 2))).hasSizeLessThan(columns);
    assertThat(drawn(columns, new Progress.Tasks("rankspark: reads x", 0, 0)))
        .hasSizeLessThan(columns);
  }

  @Test
  void trainingAndLoadingHaveTheirOwnWords() {
    assertThat(drawn(100, new Progress.Training(3, 120, 0.69314, 48, 1_920)))
        .startsWith("Training   2% [")
        .endsWith("] step 3 of 120, loss 0.6931");
    assertThat(drawn(100, new Progress.Training(0, 120, Double.NaN, 0, 1_920)))
        .endsWith("] step 0 of 120");
    assertThat(drawn(100, new Progress.Bytes("Loading the model", 3_100_000_000L, 13_500_000_000L)))
        .startsWith("Loading the model  22% [==")
        .endsWith("] 3.1 of 13.5 GB");
  }

  @Test
  void aRateIsNotSaidBeforeThereIsOne() {
    assertThat(drawn(100, new Progress.Scoring(0, 8_600, 0, 0))).endsWith("] 0 of 8,600 pairs");
  }

  /** Each word with its own bar, when what is done changes. */
  @Test
  void whatWasDoneBeforeIsNotShownUnderAnotherTitle() {
    Screen screen = new Screen(100);
    try (MovingLine line = new MovingLine(new StatusLine(screen), () -> 100, EVERY)) {
      line.at(new Progress.Tasks("rerank: counts the pairs", 8, 8));
      sleep(EVERY.multipliedBy(3));
      line.at(HALF);
      sleep(EVERY.multipliedBy(3));
    }
    assertThat(screen.toString(StandardCharsets.UTF_8).split("\r"))
        .noneMatch(drawn -> drawn.startsWith("rerank") && drawn.contains("8,600"))
        .anyMatch(drawn -> drawn.startsWith("rerank") && drawn.contains("8 of 8 tasks"));
  }

  @Test
  void nothingIsLeftWhenItIsClosed() {
    Screen screen = new Screen(80);
    try (MovingLine line = new MovingLine(new StatusLine(screen), () -> 80)) {
      line.at(HALF);
    }
    assertThat(screen.rows()).containsExactly("");
  }

  /** What a person sees last, before it is closed. */
  private static String drawn(int columns, Progress... told) {
    Screen screen = new Screen(columns);
    try (MovingLine line = new MovingLine(new StatusLine(screen), () -> columns, EVERY)) {
      for (Progress now : told) {
        line.at(now);
        sleep(Duration.ofMillis(20)); // time passes, so that there is a rate
      }
      sleep(EVERY.multipliedBy(5));
      assertThat(screen.rows()).hasSize(1);
      return screen.rows().get(0);
    }
  }

  private static void sleep(Duration time) {
    try {
      Thread.sleep(time.toMillis());
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
