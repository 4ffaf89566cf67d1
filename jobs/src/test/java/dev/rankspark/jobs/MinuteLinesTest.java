package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.progress.Progress;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class MinuteLinesTest {
  @Test
  void aLineOfTheLogSaysWhatTheMovingOneDoes() throws InterruptedException {
    StringWriter log = new StringWriter();
    try (MinuteLines lines = new MinuteLines(new PrintWriter(log), Duration.ofMillis(100))) {
      lines.at(new Progress.Scoring(0, 8_600, 0, 0));
      Thread.sleep(20);
      lines.at(new Progress.Scoring(4_300, 8_600, 456_000, 12));
      Thread.sleep(150);
    }
    String said = log.toString();
    assertThat(said.lines().toList())
        .hasSizeBetween(1, 2)
        .last()
        .asString()
        .matches(
            "Scoring: 4,300 of 8,600 pairs, \\d+ s left, .* pairs/s, 456,000 tokens, 12 texts cut");
    Thread.sleep(250);
    assertThat(log).hasToString(said);
  }

  @Test
  void aCommandThatIsDoneWithinAMinuteHasNone() throws InterruptedException {
    StringWriter log = new StringWriter();
    try (MinuteLines lines = new MinuteLines(new PrintWriter(log), MinuteLines.MINUTE)) {
      lines.at(new Progress.Scoring(0, 8_600, 0, 0));
      Thread.sleep(150);
    }
    assertThat(log.toString()).isEmpty();
  }
}
