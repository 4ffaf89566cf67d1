package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code bench} prints; how fast anything is, no test asks. */
class BenchCommandTest {
  @TempDir private Path folder;

  @Test
  void theLastLineIsOneJsonObject() throws IOException {
    Cli.Result result = bench("--pairs", "20", "--json");
    assertThat(result.exitCode()).as(result.err()).isZero();

    JsonNode report = new JsonMapper().readTree(lastLine(result));

    assertThat(report.path("pairs").asInt()).isEqualTo(20);
    assertThat(report.path("threads").asInt()).isEqualTo(2);
    assertThat(report.path("rounds").asInt()).isEqualTo(3);
    long padded = report.path("padded_tokens").asLong();
    assertThat(padded).isLessThan(32); // one batch, filled up to whole steps of rows
    long tokens = report.path("tokens").asLong();
    long shared = report.path("shared_tokens").asLong();
    assertThat(shared).isBetween(1L, tokens - 1);
    assertThat(report.path("tokens_per_real_token").asDouble())
        .isEqualTo((tokens - shared + padded) / (double) tokens);
    for (String positive :
        List.of(
            "pairs_per_second",
            "tokens_per_second",
            "tokenize_share",
            "gemm_gflops",
            "fraction_of_gemm_limit")) {
      assertThat(report.path(positive).asDouble()).as(positive).isPositive();
    }
  }

  @Test
  void withoutJsonItSpeaksToPeople() {
    assertThat(bench("--pairs", "3").out())
        .contains("3 pairs of ", "on CPU, float32, 2 threads, median of 3 rounds", " pairs/s, ");
  }

  @Test
  void aBudgetBelowTheLongestPairIsRaisedWithANote() throws IOException {
    Cli.Result result = bench("--pairs", "3", "--max-batch-tokens", "20", "--json");
    JsonNode report = new JsonMapper().readTree(lastLine(result));
    int longest = report.path("max_batch_tokens").asInt();
    assertThat(longest).isGreaterThan(20);
    String note =
        "--max-batch-tokens 20 is raised to " + longest + ", the tokens of the longest pair";
    assertThat(result.err()).contains("rankspark: " + note);
    assertThat(report.path("notes")).extracting(JsonNode::asText).containsExactly(note);
  }

  @Test
  void valuesOutOfRange() {
    assertThat(bench("--pairs", "0").lastLine()).contains("--pairs: expected at least 1, got 0");
    assertThat(bench("--threads", "0").lastLine())
        .contains("--threads: expected at least 1, got 0");
    Cli.Result rounds = bench("--rounds", "2");
    assertThat(rounds.lastLine()).contains("--rounds: expected at least 3, got 2");
    assertThat(rounds.exitCode()).isEqualTo(Main.USAGE);
  }

  @Test
  void anInputWithoutPairs() throws IOException {
    Path nothing = Files.writeString(folder.resolve("nothing.jsonl"), "");
    Cli.Result result = bench("--dataset-path", nothing.toString());
    assertThat(result.exitCode()).isEqualTo(Main.INPUT);
    assertThat(result.lastLine()).contains("nothing.jsonl has no pairs to score");
  }

  private static Cli.Result bench(String... more) {
    List<String> args =
        new ArrayList<>(
            List.of("bench", "--model-name-or-path", Cli.reference("mistral"), "--threads", "2"));
    args.addAll(List.of("--query-prefix", "query: ", "--passage-prefix", "document: "));
    args.addAll(List.of("--rerank-max-len", "196", "--dtype", "float32"));
    if (!List.of(more).contains("--dataset-path")) {
      args.addAll(List.of("--dataset-path", Cli.reference("expected/rerank_input.jsonl")));
    }
    return Cli.run(args, more);
  }

  private static String lastLine(Cli.Result result) {
    return result.out().strip().lines().reduce((first, last) -> last).orElseThrow();
  }
}
