package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class StatusLineTest {
  private final Screen screen = new Screen(40);
  private final StatusLine line = new StatusLine(screen);
  private final PrintStream err = new PrintStream(line, true, StandardCharsets.UTF_8);

  @Test
  void aLineIsDrawnInThePlaceOfTheOneBefore() {
    line.show("Scoring: 10 of 100 pairs, 10 s left");
    line.show("Scoring: 20 of 100 pairs");
    assertThat(screen.rows()).containsExactly("Scoring: 20 of 100 pairs");
    line.clear();
    assertThat(screen.rows()).containsExactly("");
  }

  @Test
  void whatOthersWriteTakesItAwayAndStaysWhole() {
    line.show("Scoring: 10 of 100 pairs");
    err.println("12:00:00 WARN a");
    assertThat(screen.rows()).containsExactly("12:00:00 WARN a", "");
    line.show("Scoring: 20 of 100 pairs");
    assertThat(screen.rows()).containsExactly("12:00:00 WARN a", "Scoring: 20 of 100 pairs");
  }

  @Test
  void behindHalfALineOfOthersNothingIsDrawn() {
    err.print("half");
    line.show("Scoring: 10 of 100 pairs");
    assertThat(screen.rows()).containsExactly("half");
    err.println(" a line");
    line.show("Scoring: 10 of 100 pairs");
    assertThat(screen.rows()).containsExactly("half a line", "Scoring: 10 of 100 pairs");
  }

  /** What has the terminal without us: native code, another program, a logger's own stream. */
  @Test
  void theCursorIsAtItsBeginning() {
    line.show("Scoring");
    screen.writeBytes("a message of another program\n".getBytes(StandardCharsets.UTF_8));
    assertThat(screen.rows()).containsExactly("a message of another program", "");
  }
}
