package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.commons.io.FileUtils;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code rerank --score-store}: what is scored again, and what never is. */
class ScoreStoreTest {
  /** Between a score of one batch and the same score of another. */
  private static final double INVARIANCE = 2e-5;

  @TempDir private Path folder;

  private Path store;
  private Path input;
  private List<String> lines;

  @BeforeEach
  void start() throws IOException {
    store = folder.resolve("store");
    lines = Files.readAllLines(Path.of(Cli.reference("expected/rerank_input.jsonl")));
    input = Files.write(folder.resolve("input.jsonl"), lines);
  }

  private Cli.Result rerank(String output, String... more) {
    return Cli.run(
        Cli.rerank(
            input,
            folder.resolve(output),
            "--rerank-max-len",
            "196",
            "--partitions",
            "4",
            "--score-store",
            store.toString(),
            "--overwrite"),
        more);
  }

  private static void assertSummary(Cli.Result result, int pairs, int reused, int scored) {
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.err())
        .contains("pairs " + pairs + "; reused " + reused + "; scored " + scored + "\n");
  }

  private Path without() {
    Path run = folder.resolve("without.txt");
    assertThat(Cli.run(Cli.rerank(input, run, "--rerank-max-len", "196")).exitCode()).isZero();
    return run;
  }

  @Test
  void anotherNightScoresNothingAndLoadsNoModel() throws IOException {
    assertSummary(rerank("first.txt"), 140, 0, 140);
    assertThat(Scores.read(folder.resolve("first.txt")).largestDifference(Scores.read(without())))
        .isLessThanOrEqualTo(INVARIANCE);

    Cli.Result second = rerank("second.txt");

    assertSummary(second, 140, 140, 0);
    assertThat(second.err()).contains("from the store", "no model was loaded");
    assertThat(folder.resolve("second.txt")).hasSameBinaryContentAs(folder.resolve("first.txt"));
    assertThat(files("plans")).isEmpty();
  }

  @Test
  void newPairsAloneAreScored() throws IOException {
    Files.write(input, lines.subList(0, 133));
    assertSummary(rerank("first.txt"), 133, 0, 133);
    Files.write(input, lines);

    assertSummary(rerank("second.txt"), 140, 133, 7);

    Scores second = Scores.read(folder.resolve("second.txt"));
    assertThat(second.largestDifference(Scores.read(without()))).isLessThanOrEqualTo(INVARIANCE);
  }

  @Test
  void textsDecideAndNotIds() throws IOException {
    assertSummary(rerank("first.txt"), 140, 0, 140);
    List<String> renamed = new ArrayList<>();
    for (String line : lines) {
      renamed.add(line.replaceFirst("\"docid\": \"", "\"docid\": \"again-"));
    }
    renamed.add(renamed.get(0).replaceFirst("again-", "twin-"));
    Files.write(input, renamed);
    assertSummary(rerank("second.txt"), 141, 141, 0);

    String[] changed = renamed.toArray(String[]::new);
    changed[5] = changed[5].replaceFirst("\"text\": \"", "\"text\": \"Now: ");
    changed[9] = changed[9].replaceFirst("\"query\": \"", "\"query\": \"now ");
    Files.write(input, List.of(changed));
    assertSummary(rerank("third.txt"), 141, 139, 2);
    assertThat(Scores.read(folder.resolve("third.txt")).largestDifference(Scores.read(without())))
        .isLessThanOrEqualTo(INVARIANCE);
  }

  @ParameterizedTest
  @CsvSource({
    "--query-prefix, 'q: '",
    "--passage-prefix, 'p: '",
    "--rerank-max-len, 64",
    "--dtype, bfloat16",
    "--lora-name-or-path, mistral",
  })
  void whatDecidesAScoreIsNeverServedFromAnother(String option, String value) throws IOException {
    assertSummary(rerank("first.txt"), 140, 0, 140);
    if (option.equals("--lora-name-or-path")) {
      Path adapter = folder.resolve("adapter");
      FileUtils.copyDirectory(Path.of(Cli.reference("adapter")).toFile(), adapter.toFile());
      Path weights = adapter.resolve("adapter_model.safetensors");
      byte[] bytes = Files.readAllBytes(weights);
      bytes[bytes.length - 2] ^= 1; // one bit of one weight
      Files.write(weights, bytes);
      assertSummary(rerank("second.txt", option, adapter.toString()), 140, 0, 140);
    } else {
      assertSummary(rerank("second.txt", option, value), 140, 0, 140);
    }
    assertSummary(rerank("third.txt"), 140, 140, 0);
    assertThat(folder.resolve("third.txt")).hasSameBinaryContentAs(folder.resolve("first.txt"));
  }

  /** What {@code auto} is may change from night to night; the store's scores are of one kind. */
  @Test
  void withoutADtypeTheStoresIsTaken() throws IOException {
    assertSummary(rerank("first.txt", "--dtype", "float16"), 140, 0, 140);
    List<String> auto = new ArrayList<>(List.of("--score-store", store.toString()));
    List<String> command = Cli.rerank(input, folder.resolve("auto.txt"), "--rerank-max-len", "196");
    int dtype = command.indexOf("--dtype");
    command.subList(dtype, dtype + 2).clear();
    command.addAll(auto);
    assertSummary(Cli.run(command), 140, 140, 0);
  }

  @Test
  void theReportSaysWhatWasReusedAndWhatWasScored() throws IOException {
    Path report = folder.resolve("report.json");
    Files.write(input, lines.subList(0, 133));
    assertSummary(rerank("first.txt", "--report-json", report.toString()), 133, 0, 133);
    JsonNode first = new JsonMapper().readTree(report.toFile());
    assertThat(first.path("outputs").get(0).asText()).endsWith("first.txt");
    assertThat(first.path("scored").asInt()).isEqualTo(133);
    assertThat(first.path("model_loads").asInt())
        .as("an earlier test may have loaded it")
        .isBetween(0, 1);
    assertThat(first.path("plan").path("stored").path("tasks").asInt()).isEqualTo(4);
    assertThat(first.path("plan").path("stored").path("finished_tasks_taken_up").asInt()).isZero();
    assertThat(first.path("executors")).hasSize(1);
    JsonNode executor = first.path("executors").get(0);
    assertThat(executor.path("pairs").asInt()).isEqualTo(133);
    for (String what : List.of("load", "read", "tokenize", "await_tokens", "compute")) {
      assertThat(executor.path("task_seconds").path(what).asDouble(-1))
          .as(what)
          .isGreaterThanOrEqualTo(0);
    }
    assertThat(executor.path("task_seconds").path("compute").asDouble()).isPositive();
    assertThat(first.path("seconds").asDouble())
        .isGreaterThan(first.path("seconds_until_scored").asDouble());

    Files.write(input, lines);
    assertSummary(rerank("second.txt", "--report-json", report.toString()), 140, 133, 7);
    JsonNode second = new JsonMapper().readTree(report.toFile());
    assertThat(second.path("pairs").asInt()).isEqualTo(140);
    assertThat(second.path("reused").asInt()).isEqualTo(133);
    assertThat(second.path("scored").asInt()).isEqualTo(7);

    Cli.Result same = rerank("third.txt", "--report-json", folder.resolve("third.txt").toString());
    assertThat(same.exitCode()).isEqualTo(Main.USAGE);
    assertThat(same.lastLine())
        .contains("--rerank-output-path and --report-json are the same file");
  }

  @Test
  void anEmptyInputIsAnEmptyRun() throws IOException {
    Files.write(input, List.of());
    Cli.Result result = rerank("empty.txt");
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(folder.resolve("empty.txt")).isEmptyFile();
  }

  @Test
  void whatIsNoStoreIsNotWrittenInto() throws IOException {
    Files.writeString(store, "a file");
    assertRefused(rerank("out.txt"), store + " is a file; expected a folder");

    Files.delete(store);
    Files.createDirectories(store);
    Files.writeString(store.resolve("thesis.tex"), "precious");
    assertRefused(rerank("out.txt"), store + " is a folder of something else", "thesis.tex");
    assertThat(store.toFile().list()).containsExactly("thesis.tex");

    Files.delete(store.resolve("thesis.tex"));
    Files.writeString(
        store.resolve("rankspark-store.json"), "{\"kind\":\"rankspark score store\",\"layout\":2}");
    assertRefused(rerank("out.txt"), "has layout 2, this version reads up to 1");
  }

  @Test
  void aTornFileIsNamedBeforeAnythingIsScored() throws IOException {
    assertSummary(rerank("first.txt"), 140, 0, 140);
    Path torn = files("scores").get(0);
    byte[] bytes = Files.readAllBytes(torn);
    Files.write(torn, java.util.Arrays.copyOf(bytes, bytes.length / 2));
    assertRefused(
        rerank("out.txt"),
        torn.getFileName() + ": expected ",
        " bytes, got ",
        "rankspark store verify --repair " + store);
  }

  private void assertRefused(Cli.Result result, String... parts) {
    assertThat(result.exitCode()).as(result.err()).isEqualTo(Main.INPUT);
    assertThat(result.lastLine()).contains(parts);
    assertThat(result.err()).doesNotContain("\tat ");
    assertThat(folder.resolve("out.txt")).doesNotExist();
  }

  /** Of all rerankers. */
  private List<Path> files(String kind) throws IOException {
    try (Stream<Path> paths = Files.walk(store)) {
      return paths
          .filter(path -> path.getParent().endsWith(kind) && Files.isRegularFile(path))
          .sorted()
          .toList();
    }
  }
}
