package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.prompt.PairEncoder;
import dev.rankspark.prompt.PairTokens;
import dev.rankspark.prompt.Pooling;
import dev.rankspark.prompt.Prompt;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.reranker.ModelPaths;
import dev.rankspark.reranker.RecipeOptions;
import dev.rankspark.reranker.RecipeOptions.Score;
import dev.rankspark.reranker.Reranker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Models of other families than LLaMA 2's, with their publishers' own code as the judge: {@code
 * reference/families.py} makes them, and their prompts, tokens and scores. Another seed by {@code
 * -Drankspark.seed=N}.
 */
class RandomFamiliesIT {
  private static final long SEED = Long.getLong("rankspark.seed", 20261129);

  private static final double FLOAT32 = 1e-4;

  /** Of the mean distance of the publisher's own bfloat16 from its float32, as ConformanceIT. */
  private static final double BFLOAT16 = 1.1;

  @TempDir private Path folder;

  /** What we name otherwise than the judge, who names the recipe by the model it was read in. */
  private static final Map<String, String> PROMPTS =
      Map.of("qwen3-reranker-seq-cls", "qwen3-reranker");

  @Tag("python")
  @ParameterizedTest
  @CsvSource({"python4, 9", "python5, 8"})
  void someOfEachFamilyScoreAsTheirPublishersScoreThem(String python, int models) throws Exception {
    assertThatTheyScoreAsExpected(python, models);
  }

  @Tag("families")
  @ParameterizedTest
  @CsvSource({"python4, 40", "python5, 40"})
  void manyOfEachFamilyScoreAsTheirPublishersScoreThem(String python, int models) throws Exception {
    assertThatTheyScoreAsExpected(python, models);
  }

  /** Those of a folder that {@code -Drankspark.families} names, made by hand. */
  @Test
  @Tag("families-made")
  void thoseThatLieThere() throws IOException {
    assertThatTheyScoreAsExpected(Path.of(System.getProperty("rankspark.families")));
  }

  private void assertThatTheyScoreAsExpected(String python, int models) throws Exception {
    Path made = folder.resolve("models");
    Map<String, String> environment = new HashMap<>();
    environment.put("HF_HUB_OFFLINE", "1");
    environment.put("PYTHONPATH", PythonIT.PYTHON.resolveSibling(python).toString());
    PythonIT.run(
        folder,
        environment,
        PythonIT.PYTHON.resolve("bin/python").toString(),
        PythonIT.HOME.resolve("reference/families.py").toString(),
        "--seed",
        Long.toString(SEED),
        "--models",
        Integer.toString(models),
        "--output",
        made.toString());
    assertThatTheyScoreAsExpected(made);
  }

  private void assertThatTheyScoreAsExpected(Path made) throws IOException {
    List<JsonNode> pairs = lines(made.resolve("pairs.jsonl"));
    Path input = input(pairs);
    SoftAssertions all = new SoftAssertions();
    double ours = 0;
    double theirs = 0;
    for (JsonNode model : lines(made.resolve("models.jsonl"))) {
      Judged judged = new Judged(made, model, pairs);
      String drawn = "seed %d, model %s".formatted(SEED, model);
      judged.assertTokens(all, drawn);
      Map<String, Double> raw = judged.expected("raw");
      double differenceOfRaw = judged.difference(judged.score(input, "raw", "float32"), raw);
      double differenceOfPublished =
          judged.difference(
              judged.score(input, "published", "float32"), judged.expected("published"));
      double bfloat16 = judged.mean(judged.score(input, "raw", "bfloat16"), raw);
      ours += bfloat16;
      theirs += judged.mean(judged.expected("raw_bfloat16"), raw);
      System.out.printf(
          "raw %.1e, published %.1e, bfloat16 %.3f: %s%n",
          differenceOfRaw, differenceOfPublished, bfloat16, drawn);
      all.assertThat(differenceOfRaw).as(drawn).isLessThanOrEqualTo(FLOAT32);
      all.assertThat(differenceOfPublished).as(drawn).isLessThanOrEqualTo(FLOAT32);
    }
    System.out.printf("bfloat16's mean differences: %.4f, the publishers' %.4f%n", ours, theirs);
    all.assertThat(ours).isLessThanOrEqualTo(BFLOAT16 * theirs);
    all.assertAll();
  }

  /** The pairs as {@code rerank} reads them. */
  private Path input(List<JsonNode> pairs) throws IOException {
    List<String> lines = new ArrayList<>();
    for (JsonNode pair : pairs) {
      lines.add(
          new ObjectMapper()
              .createObjectNode()
              .put("query_id", pair.get("qid").asText())
              .put("query", pair.get("query").asText())
              .put("docid", pair.get("docid").asText())
              .put("title", pair.path("title").asText())
              .put("text", pair.get("text").asText())
              .put("score", 0)
              .toString());
    }
    return Files.write(folder.resolve("input.jsonl"), lines);
  }

  private static List<JsonNode> lines(Path file) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      lines.add(new ObjectMapper().readTree(line));
    }
    assertThat(lines).isNotEmpty();
    return lines;
  }

  /** A model with what is expected of it. */
  private final class Judged {
    private final Path path;
    private final JsonNode model;
    private final List<JsonNode> pairs;
    private final List<JsonNode> expected;
    private final Set<String> notCompared = new HashSet<>();

    Judged(Path made, JsonNode model, List<JsonNode> pairs) throws IOException {
      this.path = made.resolve(model.get("name").asText());
      this.model = model;
      this.pairs = pairs;
      this.expected = lines(path.resolve("expected.jsonl"));
    }

    private String key(int pair) {
      return pairs.get(pair).get("qid").asText() + " " + pairs.get(pair).get("docid").asText();
    }

    private Optional<String> argument(String name) {
      JsonNode value = model.get("arguments").path(name);
      return value.isMissingNode() || value.isNull()
          ? Optional.empty()
          : Optional.of(value.asText());
    }

    private boolean isOfSentenceTransformers() {
      return model.get("prompt").asText().equals("sentence-transformers");
    }

    /**
     * The copies of Qwen3-Reranker with a head of their own are given as pairs by their publisher,
     * whose cut takes the prompt's end away; ours keeps it.
     */
    private boolean isCutOtherwise() {
      return model.get("prompt").asText().equals("qwen3-reranker-seq-cls");
    }

    /** The prompt's name; none where the model's files say it. */
    private Optional<String> prompt() {
      String prompt = model.get("prompt").asText();
      return isOfSentenceTransformers()
          ? Optional.empty()
          : Optional.of(PROMPTS.getOrDefault(prompt, prompt));
    }

    /** None where the template has no place for it: the judge takes no notice, we refuse it. */
    private Optional<String> instruction() {
      return model.get("settings").path("template").asText().equals("turns")
          ? Optional.empty()
          : argument("instruction").or(() -> argument("prompt"));
    }

    /** Tokens, and where a prompt is one text, that. */
    void assertTokens(SoftAssertions all, String drawn) {
      PromptOptions plain =
          new PromptOptions(
              argument("query prefix").orElse(""),
              argument("passage prefix").orElse(""),
              argument("max length").map(Integer::valueOf).orElse(512),
              argument("append eos").map(Boolean::valueOf).orElse(false));
      OptionalInt length =
          argument("max length")
              .map(value -> OptionalInt.of(Integer.parseInt(value)))
              .orElse(OptionalInt.empty());
      RecipeOptions options =
          new RecipeOptions(
              prompt(), instruction(), Optional.empty(), Optional.empty(), length, Score.RAW);
      Configuration hadoop = new Configuration();
      Reranker reranker = Reranker.open(ModelPaths.of(path.toString()), plain, options, hadoop);
      Prompt prompt = reranker.prompt();
      List<String> texts =
          pairs.stream()
              .map(
                  pair ->
                      prompt
                          .format()
                          .format(
                              pair.get("query").asText(),
                              pair.path("title").asText(),
                              pair.get("text").asText()))
              .toList();
      try (PairEncoder encoder =
          PairEncoder.load(ModelDirectory.open(path.toString(), hadoop), prompt, Pooling.LAST)) {
        List<PairTokens> tokens = encoder.encode(texts);
        for (int i = 0; i < pairs.size(); i++) {
          if (isCutOtherwise() && tokens.get(i).truncated()) {
            notCompared.add(key(i));
            continue;
          }
          long[] ids = new ObjectMapper().convertValue(expected.get(i).get("ids"), long[].class);
          all.assertThat(tokens.get(i).ids())
              .as("%s of %s", expected.get(i).get("docid"), drawn)
              .containsExactly(ids);
          if (isOfSentenceTransformers() && expected.get(i).path("prompt").isTextual()) {
            all.assertThat(texts.get(i)).isEqualTo(expected.get(i).get("prompt").asText());
          }
        }
      }
    }

    Map<String, Double> score(Path input, String score, String dtype) throws IOException {
      Path output = folder.resolve("run.txt");
      List<String> args =
          new ArrayList<>(List.of("rerank", "--model-name-or-path", path.toString()));
      args.addAll(List.of("--dataset-path", input.toString(), "--dtype", dtype, "--use-cpu"));
      args.addAll(List.of("--score", score, "--rerank-output-path", output.toString()));
      args.add("--overwrite");
      prompt().ifPresent(name -> args.addAll(List.of("--prompt", name)));
      instruction().ifPresent(text -> args.addAll(List.of("--instruction", text)));
      argument("max length").ifPresent(n -> args.addAll(List.of("--rerank-max-len", n)));
      argument("query prefix").ifPresent(text -> args.addAll(List.of("--query-prefix", text)));
      argument("passage prefix").ifPresent(text -> args.addAll(List.of("--passage-prefix", text)));
      if (argument("append eos").equals(Optional.of("true"))) {
        args.add("--append-eos-token");
      }
      Cli.Result result = Cli.run(args);
      assertThat(result.exitCode()).as("%s: %s", model, result.err()).isZero();
      Map<String, Double> scores = new LinkedHashMap<>();
      for (String line : Files.readAllLines(output)) {
        String[] fields = line.split("\t", -1);
        scores.put(fields[0] + " " + fields[1], Double.valueOf(fields[2]));
      }
      return scores;
    }

    Map<String, Double> expected(String key) {
      Map<String, Double> scores = new LinkedHashMap<>();
      expected.forEach(
          line ->
              scores.put(
                  line.get("qid").asText() + " " + line.get("docid").asText(),
                  line.get(key).asDouble()));
      return scores;
    }

    double difference(Map<String, Double> scores, Map<String, Double> others) {
      assertThat(scores.keySet()).containsExactlyInAnyOrderElementsOf(others.keySet());
      return scores.entrySet().stream()
          .filter(score -> !notCompared.contains(score.getKey()))
          .mapToDouble(score -> Math.abs(score.getValue() - others.get(score.getKey())))
          .max()
          .orElseThrow();
    }

    double mean(Map<String, Double> scores, Map<String, Double> others) {
      return scores.entrySet().stream()
          .filter(score -> !notCompared.contains(score.getKey()))
          .mapToDouble(score -> Math.abs(score.getValue() - others.get(score.getKey())))
          .average()
          .orElseThrow();
    }
  }
}
