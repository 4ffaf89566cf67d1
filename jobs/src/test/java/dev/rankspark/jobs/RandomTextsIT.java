package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.prompt.PairEncoder;
import dev.rankspark.prompt.PairText;
import dev.rankspark.prompt.PairTokens;
import dev.rankspark.prompt.Pooling;
import dev.rankspark.prompt.PromptOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Pair texts and token ids of random Unicode, and of all pairs of DL19, against Python and
 * transformers; {@code reference/random_texts.py} makes them. Another seed by {@code
 * -Drankspark.seed=N}.
 */
@Tag("python")
class RandomTextsIT {
  private static final long SEED = Long.getLong("rankspark.seed", 20261124);
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"llama2", "mistral"})
  void textsAndTokenIdsEqualTransformers(String name) throws Exception {
    Path shared = Path.of(System.getProperty("rankspark.shared"));
    Path tokenizer = shared.resolve("tokenizers").resolve(name);
    assumeTrue(Files.isDirectory(tokenizer), tokenizer + " is not here");
    assertEqualTransformers(
        folder,
        Map.of("HF_HUB_OFFLINE", "1"),
        tokenizer,
        18_600,
        "--rerank-input",
        shared.resolve("fixtures/rerank_input.jsonl.gz").toString());
  }

  /** Has random pairs made, beside those that more arguments name. */
  static void assertEqualTransformers(
      Path folder, Map<String, String> environment, Path tokenizer, int count, String... more)
      throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                PythonIT.PYTHON.resolve("bin/python").toString(),
                PythonIT.HOME.resolve("reference/random_texts.py").toString(),
                "--tokenizer",
                tokenizer.toString(),
                "--seed",
                Long.toString(SEED)));
    command.addAll(List.of(more));
    PythonIT.run(folder, environment, command.toArray(String[]::new));
    List<JsonNode> pairs = new ArrayList<>();
    for (String line : Files.readAllLines(folder.resolve("out.log"))) {
      pairs.add(JSON.readTree(line));
    }
    assertThat(pairs).hasSize(count);

    PairText template = new PairText("query: ", "document: ");
    List<String> texts = new ArrayList<>();
    for (JsonNode pair : pairs) {
      String text =
          template.format(
              pair.get("query").asText(), pair.get("title").asText(), pair.get("passage").asText());
      assertThat(text).as("seed %d", SEED).isEqualTo(pair.get("text").asText());
      texts.add(text);
    }
    assertIds(pairs, "ids", encode(tokenizer, texts, 196, false));
    assertIds(pairs, "short_ids", encode(tokenizer, texts, 24, true));
  }

  private static void assertIds(List<JsonNode> pairs, String field, List<PairTokens> tokens) {
    for (int i = 0; i < pairs.size(); i++) {
      long[] expected = JSON.convertValue(pairs.get(i).get(field), long[].class);
      assertThat(tokens.get(i).ids())
          .as("seed %d, %s of %s", SEED, field, pairs.get(i))
          .containsExactly(expected);
    }
  }

  private static List<PairTokens> encode(
      Path tokenizer, List<String> texts, int length, boolean appendEos) {
    ModelDirectory directory =
        ModelDirectory.open(tokenizer.toString(), "--tokenizer-name", new Configuration());
    try (PairEncoder encoder =
        PairEncoder.load(
            directory,
            new PromptOptions("query: ", "document: ", length, appendEos),
            Pooling.LAST)) {
      return encoder.encode(texts);
    }
  }
}
