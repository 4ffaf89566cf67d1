package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names instead of paths on the command line, from a hub on this machine. */
class HubIT {
  @TempDir private Path folder;

  private ReferenceHub hub;

  @BeforeEach
  void start() {
    hub = ReferenceHub.start();
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private Cli.Result rankspark(Map<String, String> more, List<String> args) throws Exception {
    Map<String, String> environment = new HashMap<>(hub.environment(folder));
    environment.putAll(more);
    List<String> command = Launched.words(Launched.LAUNCHER);
    command.addAll(args);
    return Launched.run(folder, environment, command);
  }

  private static List<String> rerank(String model, Path output, String... more) {
    return Cli.with(
        List.of(
            "rerank",
            "--model-name-or-path",
            model,
            "--dtype",
            "float32",
            "--rerank-max-len",
            "196",
            "--dataset-path",
            Cli.reference("expected/rerank_input.jsonl"),
            "--rerank-output-path",
            output.toString()),
        more);
  }

  @Test
  void namesGiveTheScoresOfPaths() throws Exception {
    Path byPath = folder.resolve("path.txt");
    assertThat(
            Cli.run(
                    rerank(
                        Cli.reference("adapter"),
                        byPath,
                        "--base-model-name-or-path",
                        Cli.reference("base")))
                .exitCode())
        .isZero();
    Path byName = folder.resolve("name.txt");

    Cli.Result result =
        rankspark(Map.of(), rerank("org/adapter", byName, "--tokenizer-name", "org/base"));

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(byName).hasSameBinaryContentAs(byPath);
    assertThat(result.err()).contains("Fetching org/base model.safetensors, ");
    assertThat(hub.fetched())
        .contains("models/org/adapter adapter_model.safetensors", "models/org/base config.json")
        .doesNotHaveDuplicates();

    hub.close();
    Path offline = folder.resolve("offline.txt");
    result = rankspark(Map.of("HF_HUB_OFFLINE", "1"), rerank("org/adapter", offline));
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(offline).hasSameBinaryContentAs(byPath);
  }

  @Test
  void dataSetsAndJudgementsByName() throws Exception {
    Path output = folder.resolve("run.txt");

    Cli.Result result =
        rankspark(
            Map.of(),
            Cli.with(
                List.of("rerank"),
                "--model-name-or-path",
                "org/adapter",
                "--query-data-name",
                "org/queries",
                "--query-data-split",
                "dl19",
                "--corpus-data-name",
                "org/corpus",
                "--retrieval-results",
                Cli.reference("data/run.trec"),
                "--cache-dir",
                folder.resolve("elsewhere").toString(),
                "--qrels",
                "beir-v1.0.0-tiny-test",
                "--rerank-output-path",
                output.toString()));

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.err()).contains("nDCG@10");
    assertThat(output).content().hasLineCount(280);
    assertThat(folder.resolve("elsewhere/datasets--org--corpus")).exists();
  }

  @Test
  void anAdapterTrainedOnANameNamesIt() throws Exception {
    Path output = folder.resolve("trained");

    Cli.Result result =
        rankspark(
            Map.of(),
            Cli.with(
                TrainingFiles.train(TrainingFiles.write(folder.resolve("train.jsonl")), output),
                "--model-name-or-path",
                "org/base",
                "--max-steps",
                "1"));

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(
            new JsonMapper()
                .readTree(output.resolve("adapter_config.json").toFile())
                .path("base_model_name_or_path")
                .asText())
        .isEqualTo("org/base");
  }

  @Test
  void trainReadsItsGroupsByName() throws Exception {
    hub.add("org/groups", "train.jsonl", TrainingFiles.write(folder.resolve("train.jsonl")));
    List<String> byPath =
        Cli.with(
            TrainingFiles.train(folder.resolve("train.jsonl"), folder.resolve("path")),
            "--max-steps",
            "2");
    assertThat(Cli.run(byPath).exitCode()).isZero();
    List<String> byName =
        Cli.with(
            TrainingFiles.train(folder.resolve("train.jsonl"), folder.resolve("name")),
            "--max-steps",
            "2");
    int dataset = byName.indexOf("--dataset-path");
    byName.subList(dataset, dataset + 2).clear();
    byName.addAll(List.of("--dataset-name", "org/groups"));

    Cli.Result result = rankspark(Map.of(), byName);

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(folder.resolve("name/adapter_model.safetensors"))
        .hasSameBinaryContentAs(folder.resolve("path/adapter_model.safetensors"));
  }

  @Test
  void anAdapterOfANameIsMergedAndMeasured() throws Exception {
    Path byPath = folder.resolve("path");
    Path byName = folder.resolve("name");
    assertThat(
            Cli.run(
                    "merge",
                    "--model-name-or-path",
                    Cli.reference("base"),
                    "--lora-name-or-path",
                    Cli.reference("adapter"),
                    "--output-dir",
                    byPath.toString())
                .exitCode())
        .isZero();

    Cli.Result merged =
        rankspark(
            Map.of(),
            List.of(
                "merge", "--model-name-or-path", "org/adapter", "--output-dir", byName.toString()));
    assertThat(merged.exitCode()).as(merged.err()).isZero();
    assertThat(byName.resolve("model.safetensors"))
        .hasSameBinaryContentAs(byPath.resolve("model.safetensors"));

    Cli.Result measured =
        rankspark(
            Map.of(),
            List.of(
                "bench",
                "--model-name-or-path",
                "org/adapter",
                "--dataset-path",
                Cli.reference("expected/rerank_input.jsonl"),
                "--pairs",
                "3"));
    assertThat(measured.exitCode()).as(measured.err()).isZero();
    assertThat(measured.err()).contains(" pairs/s, ");
    assertThat(hub.fetched()).doesNotHaveDuplicates();
  }

  /** In a process of its own, for a name is looked up in the environment. */
  @Test
  void aTableIsScoredByAName() throws Exception {
    List<String> command = new ArrayList<>(List.of(ScoredTable.JAVA));
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of(ScoredTable.class.getName(), "org/adapter"));
    Map<String, String> environment = new HashMap<>(hub.environment(folder));
    environment.put("CLASSPATH", System.getProperty("java.class.path"));

    Cli.Result result = Launched.run(folder, environment, command);

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.err()).contains(ScoredTable.line(Cli.reference("adapter")));
  }

  @Test
  void whatIsNotAtTheHubIsOneLine() throws Exception {
    Cli.Result result = rankspark(Map.of(), rerank("org/nothing", folder.resolve("never.txt")));

    assertThat(result.exitCode()).isEqualTo(Main.INPUT);
    assertThat(result.lastLine())
        .startsWith(
            "rankspark: --model-name-or-path: there is no directory org/nothing, and org/nothing is"
                + " not a model at 127.0.0.1:");
    assertThat(result.err()).doesNotContain("\tat ");
  }
}
