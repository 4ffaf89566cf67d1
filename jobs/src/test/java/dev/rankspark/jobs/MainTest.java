package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The command line itself. */
class MainTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {"prepare", "rerank", "convert", "merge", "evaluate", "demo", "bench", "verify"})
  void everyCommandHasHelpWithAnExample(String command) {
    Cli.Result result = Cli.run(command, "--help");
    assertThat(result.exitCode()).isZero();
    assertThat(result.out())
        .contains("Usage: rankspark " + command, "Example:", "  rankspark " + command);
  }

  @Test
  void withoutACommandItSaysHowToGetHelp() {
    Cli.Result result = Cli.run();
    assertThat(result.exitCode()).isEqualTo(Main.USAGE);
    assertThat(result.lastLine()).isEqualTo("rankspark: expected a command; see rankspark --help");
  }

  @Test
  void anUnknownCommandIsNamed() {
    Cli.Result result = Cli.run("rernk");
    assertThat(result.exitCode()).isEqualTo(Main.USAGE);
    assertThat(result.lastLine()).contains("rernk");
  }

  @Test
  void theDemosRankingImprovesAndItsLastLineSaysByHowMuch() {
    Cli.Result result = Cli.run("demo", "--output-dir", folder.toString());

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.out())
        .contains("$ bin/rankspark prepare \\", "$ bin/rankspark rerank \\")
        .containsPattern("measure +before +after\nnDCG@10 +[0-9.]+ +[0-9.]+\n")
        .containsPattern("The query that gained most(?s:.)*  before\n(?s:.)*  after\n    \\+ ")
        .contains("The query that gained least");
    Matcher last =
        Pattern.compile("\nnDCG@10 (0\\.\\d{4}) -> (0\\.\\d{4})\n$").matcher(result.out());
    assertThat(last.find()).as(result.out()).isTrue();
    double before = Double.parseDouble(last.group(1));
    assertThat(before).isGreaterThanOrEqualTo(0.3);
    assertThat(Double.parseDouble(last.group(2))).isGreaterThanOrEqualTo(before + 0.2);
    assertThat(folder.resolve("run.reranked.trec")).content().hasLineCount(5770);
  }
}
