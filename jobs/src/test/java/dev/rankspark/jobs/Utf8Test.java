package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Arguments that Java could not read. */
class Utf8Test {
  @ParameterizedTest
  @ValueSource(strings = {"--query-prefix=requ\uFFFDte: ", "--query_prefix=requ\uFFFD\uFFFDte: "})
  void anArgumentIsRefusedByTheNameOfItsOption(String argument) {
    Cli.Result result = Cli.run("rerank", "--model-name-or-path", "m", argument);

    assertThat(result.exitCode()).isEqualTo(Main.USAGE);
    assertThat(result.lastLine())
        .startsWith("rankspark: --query")
        .contains("could not be read", "LC_ALL=C.UTF-8");
  }

  @Test
  void aValueIsRefusedByTheOptionBeforeIt() {
    assertThat(Cli.run("rerank", "--rerank-output-path", "donn\uFFFDes/o.txt").lastLine())
        .startsWith("rankspark: --rerank-output-path: \"donn\uFFFDes/o.txt\" holds");
  }

  @Test
  void anArgumentWithoutAnOptionIsRefusedByItsPlace() {
    assertThat(Cli.run("evaluate", "qrels.txt", "r\uFFFDn.txt").lastLine())
        .startsWith("rankspark: argument 3: ");
  }
}
