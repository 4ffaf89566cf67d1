package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What {@code config.json} and {@code adapter_config.json} say is computed or refused, with
 * transformers and PEFT as the judges: {@code reference/random_models.py} makes the checkpoints and
 * their scores. Another seed by {@code -Drankspark.seed=N}.
 */
@Tag("python")
class RandomModelsIT {
  private static final long SEED = Long.getLong("rankspark.seed", 20261124);

  /** Between our float32 and the reference's, whose own scores are as far from float64's. */
  private static final double FLOAT32 = 1e-4;

  private static final int WRONG_INPUT = 3;

  @TempDir private static Path folder;

  @BeforeAll
  static void makeModels() throws Exception {
    makeModels(folder, SEED, 30, Map.of());
  }

  /** Has them made in {@code models} under the folder. */
  static void makeModels(Path folder, long seed, int count, Map<String, String> environment)
      throws Exception {
    Map<String, String> all = new HashMap<>(environment);
    all.put("HF_HUB_OFFLINE", "1");
    PythonIT.run(
        folder,
        all,
        PythonIT.PYTHON.resolve("bin/python").toString(),
        PythonIT.HOME.resolve("reference/random_models.py").toString(),
        "--seed",
        Long.toString(seed),
        "--models",
        Integer.toString(count),
        "--output",
        folder.resolve("models").toString());
  }

  @Test
  void randomModelsScoreAsTransformersAndPeftScoreThem() throws IOException {
    assertThatModelsScoreAsExpected(folder, SEED);
  }

  static void assertThatModelsScoreAsExpected(Path folder, long seed) throws IOException {
    SoftAssertions all = new SoftAssertions();
    for (JsonNode model : models(folder, "models.jsonl")) {
      String name = model.get("name").asText();
      Path ours = folder.resolve(name + ".txt");
      Cli.Result result = rerank(model, ours);
      Path expected = folder.resolve("models").resolve(name).resolve("expected.txt");
      double difference =
          result.exitCode() == 0
              ? Scores.read(ours).largestDifference(Scores.read(expected))
              : Double.NaN;
      String drawn =
          "seed %d, model %s, largest difference %.1e: %s"
              .formatted(seed, name, difference, model.get("settings"));
      System.out.println(drawn);
      all.assertThat(difference)
          .as("%s: %s", drawn, result.lastLine())
          .isLessThanOrEqualTo(FLOAT32);
    }
    all.assertAll();
  }

  /**
   * Each merged in one of three formats: our scores of it are transformers' scores of it, and in
   * float32 those of base and adapter.
   */
  @Test
  void mergedTheyAreReadAndScoredByTransformers() throws Exception {
    SoftAssertions all = new SoftAssertions();
    List<String> dtypes = List.of("float32", "bfloat16", "float16");
    List<String> written = new ArrayList<>();
    List<JsonNode> models = models(folder, "models.jsonl");
    for (int i = 0; i < models.size(); i++) {
      JsonNode model = models.get(i);
      JsonNode settings = model.get("settings");
      String name = model.get("name").asText();
      Path merged = folder.resolve("merged-" + name);
      String dtype = dtypes.get(i % dtypes.size());
      Cli.Result result = merge(model, merged, dtype);
      if (settings.path("pooling").asText().equals("cls")) {
        all.assertThat(result.lastLine()).contains("reranker_pooling");
        continue;
      }
      assertThat(result.exitCode()).as(result.err()).isZero();
      Path ours = folder.resolve("merged-" + name + ".txt");
      assertThat(rerank(model, merged, ours).exitCode()).isZero();
      if (dtype.equals("float32")) {
        Path expected = folder.resolve("models").resolve(name).resolve("expected.txt");
        all.assertThat(Scores.read(ours).largestDifference(Scores.read(expected)))
            .as("seed %d, model %s against base and adapter: %s", SEED, name, settings)
            .isLessThanOrEqualTo(FLOAT32);
      }
      if (!settings.get("transformers_5").asBoolean()) { // whose configuration version 4 misreads
        written.add(
            new ObjectMapper()
                .createObjectNode()
                .put("model", merged.toString())
                .put("dtype", dtype)
                .put("input", folder.resolve("models/rerank_input.jsonl").toString())
                .put("max_len", settings.get("max_len").asInt())
                .put("append_eos", settings.get("append_eos").asBoolean())
                .put("output", folder.resolve("merged-" + name + ".theirs").toString())
                .toString());
      }
    }
    Path lines = Files.write(folder.resolve("written.jsonl"), written);
    WrittenModelsIT.readBack(folder, lines);
    for (String line : written) {
      JsonNode model = new ObjectMapper().readTree(line);
      Path ours = Path.of(model.get("model").asText() + ".txt");
      double difference =
          Scores.read(ours).largestDifference(Scores.read(Path.of(model.get("output").asText())));
      System.out.printf("merged, largest difference %.1e: %s%n", difference, line);
      all.assertThat(difference).as("seed %d, %s", SEED, line).isLessThanOrEqualTo(FLOAT32);
    }
    all.assertAll();
  }

  @Test
  void whatTheySaveAndWeDoNotComputeIsRefusedByFileAndKey() throws IOException {
    SoftAssertions all = new SoftAssertions();
    for (JsonNode model : models(folder, "refused.jsonl")) {
      Cli.Result result = rerank(model, folder.resolve("refused.txt"));
      all.assertThat(result.lastLine())
          .as("%s", model.get("name"))
          .contains(model.get("file").asText(), model.get("key").asText());
      all.assertThat(result.exitCode()).as("%s", model.get("name")).isEqualTo(WRONG_INPUT);
    }
    all.assertAll();
  }

  private static List<JsonNode> models(Path folder, String file) throws IOException {
    List<JsonNode> models = new ArrayList<>();
    for (String line : Files.readAllLines(folder.resolve("models").resolve(file))) {
      models.add(new ObjectMapper().readTree(line));
    }
    assertThat(models).isNotEmpty();
    return models;
  }

  private static Cli.Result rerank(JsonNode model, Path output) {
    List<String> args = new ArrayList<>(List.of("rerank", "--dtype", "float32"));
    model.get("arguments").forEach(argument -> args.add(argument.asText()));
    return Cli.run(args, "--rerank-output-path", output.toString());
  }

  private static Cli.Result merge(JsonNode model, Path output, String dtype) {
    List<String> args = new ArrayList<>(List.of("merge"));
    JsonNode given = model.get("arguments");
    for (int i = 0; i < given.size(); i++) {
      if (given.get(i).asText().endsWith("-name-or-path")) {
        args.add(given.get(i).asText());
        args.add(given.get(i + 1).asText());
      }
    }
    return Cli.run(
        args, "--output-dir", output.toString(), "--dtype", dtype, "--max-shard-size", "40KB");
  }

  /** With the arguments for the model that was merged, but for where it lies. */
  private static Cli.Result rerank(JsonNode model, Path merged, Path output) {
    List<String> args = new ArrayList<>(List.of("rerank", "--dtype", "float32"));
    JsonNode given = model.get("arguments");
    for (int i = 0; i < given.size(); i++) {
      switch (given.get(i).asText()) {
        case "--lora-name-or-path" -> i++;
        case "--model-name-or-path" -> {
          args.addAll(List.of("--model-name-or-path", merged.toString()));
          i++;
        }
        default -> args.add(given.get(i).asText());
      }
    }
    return Cli.run(args, "--rerank-output-path", output.toString());
  }
}
