package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.prompt.PairEncoder;
import dev.rankspark.prompt.PairTokens;
import dev.rankspark.prompt.Pooling;
import dev.rankspark.prompt.PromptOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Token ids by random tokenizer directories, with what their files can say of added tokens, cuts
 * and post-processors, and by those of Qwen's, Llama 3's and SmolLM2's form, against transformers
 * 4.49 and 5; {@code reference/random_tokenizers.py} makes them. Another seed by {@code
 * -Drankspark.seed=N}.
 */
@Tag("python")
class RandomTokenizersIT {
  private static final long SEED = Long.getLong("rankspark.seed", 20261128);
  private static final int TOKENIZERS = 150;
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(ints = {4, 5})
  void tokenIdsEqualTransformersOrTheDirectoryIsRefused(int version) throws Exception {
    Path made = made(version, TOKENIZERS);
    JsonNode cuts = JSON.readTree(made.resolve("cuts.json").toFile());

    int equal = 0;
    int refused = 0;
    SoftAssertions all = new SoftAssertions();
    for (String line : Files.readAllLines(made.resolve("tokenizers.jsonl"))) {
      JsonNode tokenizer = JSON.readTree(line);
      if (tokenizer.get("ids").isNull()) {
        continue; // transformers cannot read it
      }
      try {
        List<List<List<Long>>> ours =
            ids(made.resolve(tokenizer.get("name").asText()), tokenizer.get("texts"), cuts);
        all.assertThat(JSON.valueToTree(ours).toString())
            .as("version %d, seed %d, %s", version, SEED, line)
            .isEqualTo(tokenizer.get("ids").toString());
        equal++;
      } catch (InputException e) {
        System.out.printf("version %d, seed %d, refused: %s%n", version, SEED, e.getMessage());
        refused++;
      }
    }
    all.assertAll();
    assertThat(refused).as("refused beside %d equal", equal).isLessThan(TOKENIZERS / 10);
    assertThat(equal).isGreaterThan(TOKENIZERS / 2);
  }

  /**
   * 10,000 random texts by the forms that models publish. Version 5 reads SmolLM2's as version 4
   * wrote it without its rule for digits: what decides is the version that wrote a directory.
   */
  @ParameterizedTest
  @CsvSource({
    "4, qwen2",
    "4, llama3",
    "4, smollm2",
    "5, qwen2",
    "5, llama3",
    "5, qwen2-5",
    "5, llama3-5",
    "5, smollm2-5"
  })
  void tokenIdsOfPublishedFormsEqualTransformers(int version, String form) throws Exception {
    Path tokenizer = made(version, 0).resolve("published").resolve(form);
    RandomTextsIT.assertEqualTransformers(folder, environment(version), tokenizer, 10_000);
  }

  /** The folder of the tokenizers that a version of transformers makes. */
  private Path made(int version, int tokenizers) throws Exception {
    Path made = folder.resolve("made");
    PythonIT.run(
        folder,
        environment(version),
        PythonIT.PYTHON.resolve("bin/python").toString(),
        PythonIT.HOME.resolve("reference/random_tokenizers.py").toString(),
        "--seed",
        Long.toString(SEED),
        "--tokenizers",
        Integer.toString(tokenizers),
        "--output",
        made.toString());
    return made;
  }

  private static Map<String, String> environment(int version) {
    Map<String, String> environment = new HashMap<>(Map.of("HF_HUB_OFFLINE", "1"));
    if (version == 5) {
      environment.put("PYTHONPATH", PythonIT.PYTHON.resolveSibling("python5").toString());
    }
    return environment;
  }

  /** By text and cut. */
  private static List<List<List<Long>>> ids(Path tokenizer, JsonNode texts, JsonNode cuts) {
    List<String> all = new ArrayList<>();
    List<List<List<Long>>> ids = new ArrayList<>();
    for (JsonNode text : texts) {
      all.add(text.asText());
      ids.add(new ArrayList<>());
    }
    ModelDirectory directory =
        ModelDirectory.open(tokenizer.toString(), "--tokenizer-name", new Configuration());
    for (JsonNode cut : cuts) {
      PromptOptions options = new PromptOptions("query: ", "document: ", cut.asInt(), false);
      try (PairEncoder encoder = PairEncoder.load(directory, options, Pooling.LAST)) {
        List<PairTokens> tokens = encoder.encode(all);
        for (int i = 0; i < all.size(); i++) {
          List<Long> of = new ArrayList<>();
          for (long id : tokens.get(i).ids()) {
            of.add(id);
          }
          ids.get(i).add(of);
        }
      }
    }
    return ids;
  }
}
