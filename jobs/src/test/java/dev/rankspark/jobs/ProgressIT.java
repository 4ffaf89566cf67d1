package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code bin/rankspark} at a real terminal: a pseudo terminal of util-linux's {@code script}. */
class ProgressIT {
  /** Of some seconds, so that heartbeats come while it runs. */
  private static final int COPIES = 20;

  @TempDir private Path folder;

  private Path input;
  private Path output;

  @BeforeEach
  void writeInput() throws IOException {
    input = folder.resolve("input.jsonl");
    output = folder.resolve("run.txt");
    String pairs = Files.readString(Path.of(Cli.reference("expected/rerank_input.jsonl")));
    Files.writeString(input, pairs.repeat(COPIES));
  }

  @ParameterizedTest
  @CsvSource({"100, xterm-256color, NO_COLOR=1", "30, vt100, LANG=C", "0, xterm, COLUMNS=0"})
  void oneLineMovesAndIsGoneBeforeTheResult(int columns, String term, String variable)
      throws Exception {
    String said = atTerminal("stty cols " + columns + "; export " + variable, term, "");

    assertThat(said).contains("Scored ").doesNotContain("\u001b").doesNotContain(" 0 pairs/s");
    assertThat(said).containsPattern("\r *(Scoring +)?\\d+%");
    List<String> seen = Screen.rows(said, columns == 0 ? 80 : columns);
    assertThat(seen.stream().filter(row -> row.contains("%") && !row.contains("cut at"))).isEmpty();
    assertThat(moved(said)).as(said).hasSizeGreaterThan(1);
  }

  @ParameterizedTest
  @CsvSource({"dumb, ''", "xterm, --no-progress", "xterm, --disable_tqdm True"})
  void noneMovesWhereItCannotOrMustNot(String term, String option) throws Exception {
    String said = atTerminal("stty cols 100", term, option);

    assertThat(said).contains("Scored ").doesNotContain("Scoring");
    assertThat(said.replace("\r\n", "\n")).doesNotContain("\r");
  }

  @Test
  void standardOutputAndAPipeHaveNone() throws Exception {
    Cli.Result result =
        Launched.run(folder, Map.of("TERM", "xterm"), List.of("bash", "-c", command("")));

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.err()).contains("Scored ").doesNotContain("Scoring").doesNotContain("\r");
  }

  @Test
  void ctrlCTakesTheLineAway() throws Exception {
    Path log = folder.resolve("typescript");
    Process terminal = start("stty cols 100", "xterm", "", log);
    while (terminal.isAlive() && !Files.readString(log).contains("Scoring")) {
      Thread.sleep(50);
    }
    terminal.getOutputStream().write(3); // what the key sends
    terminal.getOutputStream().flush();
    assertThat(terminal.waitFor(1, TimeUnit.MINUTES)).isTrue();

    List<String> seen = Screen.rows(Files.readString(log).replace("^C", ""), 100);
    assertThat(seen)
        .contains(
            "rankspark: stopped by SIGINT (Ctrl-C); nothing unfinished was published or left");
    assertThat(seen.stream().filter(row -> row.contains("pairs"))).isEmpty();
  }

  /** The numbers of pairs that a person saw. */
  private static List<String> moved(String said) {
    return Pattern.compile("([\\d,]+) of [\\d,]+ pairs")
        .matcher(said)
        .results()
        .map(found -> found.group(1))
        .distinct()
        .toList();
  }

  private String atTerminal(String before, String term, String options) throws Exception {
    Path log = folder.resolve("typescript");
    Process terminal = start(before, term, options, log);
    assertThat(terminal.waitFor(5, TimeUnit.MINUTES)).isTrue();
    String said = Files.readString(log);
    assertThat(terminal.exitValue()).as(said).isZero();
    return said;
  }

  private Process start(String before, String term, String options, Path log) throws Exception {
    assumeTrue(
        new ProcessBuilder("sh", "-c", "script --version | grep -q util-linux").start().waitFor()
            == 0,
        "needs util-linux's script");
    Files.writeString(log, "");
    ProcessBuilder builder =
        new ProcessBuilder(
                "script",
                "-qefc",
                before + "; unset LINES; exec " + command(options),
                log.toString())
            .directory(folder.toFile())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.environment().remove("SPARK_HOME");
    builder.environment().put("TERM", term);
    return builder.start();
  }

  private String command(String options) {
    return String.join(
        " ",
        Launched.LAUNCHER,
        String.join(" ", Cli.rerank(input, output, "--overwrite")),
        options);
  }
}
