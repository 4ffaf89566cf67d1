package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tokenizers and adapters as users brought them, which lie outside this repository, with the scores
 * that transformers and PEFT give.
 */
@Tag("conformance")
class ReportedModelsTest {
  private static final Path HOME = Path.of(System.getProperty("rankspark.home"));
  private static final Path REPORTS = Path.of(System.getProperty("rankspark.shared"), "reports");
  private static final String ADAPTER = HOME.resolve("reference/adapter").toString();
  private static final double FLOAT32 = 1e-4;

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"sideleft", "v5both"})
  void aBaseWithItsAdapter(String name) throws IOException {
    assertScores(
        "tokenizer." + name,
        List.of("--model-name-or-path", tokenizer(name), "--lora-name-or-path", ADAPTER));
  }

  @Test
  void aModelSavedByTransformers5() throws IOException {
    assertScores(
        "tokenizer.tf5-mistral", List.of("--model-name-or-path", tokenizer("tf5-mistral")));
  }

  @Test
  void aPostProcessorThatAddsAnEndToken() throws IOException {
    assertScores(
        "tokenizer.tf5-eos",
        List.of(
            "--model-name-or-path", tokenizer("tf5-llama2"),
            "--tokenizer-name", tokenizer("tf5-eos")));
  }

  /** Merged as well: the embedding is the adapter's. */
  @Test
  void anAdapterWithTheEmbeddingBesideItsFactors() throws IOException {
    List<String> model =
        List.of(
            "--model-name-or-path",
            HOME.resolve("reference/base").toString(),
            "--lora-name-or-path",
            REPORTS.resolve("adapter/embsame").toString());
    assertScores("adapter.embsame", model);
    Path merged = folder.resolve("merged");
    List<String> merge = new ArrayList<>(List.of("merge", "--dtype", "float32"));
    merge.addAll(model);
    assertThat(Cli.run(merge, "--output-dir", merged.toString()).exitCode()).isZero();
    assertScores("adapter.embsame", List.of("--model-name-or-path", merged.toString()));
  }

  private static String tokenizer(String name) {
    return REPORTS.resolve("tokenizer").resolve(name).toString();
  }

  private void assertScores(String expected, List<String> model) throws IOException {
    Path ours = folder.resolve("ours.txt");
    Files.deleteIfExists(ours);
    List<String> args = new ArrayList<>(List.of("rerank", "--dtype", "float32"));
    args.addAll(model);
    args.addAll(List.of("--query-prefix", "query: ", "--passage-prefix", "document: "));
    Cli.Result result =
        Cli.run(
            args,
            "--rerank-max-len",
            "196",
            "--dataset-path",
            REPORTS.resolve("in.jsonl").toString(),
            "--rerank-output-path",
            ours.toString());
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(Scores.read(ours).largestDifference(withoutTokens(expected))).isLessThan(FLOAT32);
  }

  /** The expected scores, whose lines have the count of tokens behind them. */
  private Scores withoutTokens(String name) throws IOException {
    Path file = folder.resolve("expected.txt");
    List<String> lines = new ArrayList<>();
    for (String line : Files.readAllLines(REPORTS.resolve("expected/" + name + ".txt"))) {
      lines.add(line.replaceFirst("\t[0-9]+$", ""));
    }
    return Scores.read(Files.write(file, lines));
  }
}
