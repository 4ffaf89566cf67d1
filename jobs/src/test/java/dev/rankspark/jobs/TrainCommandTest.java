package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.commons.io.FileUtils;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The training job on a local Spark, with the default dropout unless a test says otherwise. */
class TrainCommandTest {
  private static final JsonMapper JSON = new JsonMapper();

  /** Sums of the same gradients in another order, after Adam's steps. */
  private static final float SUMS = 1e-5f;

  @TempDir private Path folder;

  private Path dataset;
  private Path output;

  @BeforeEach
  void write() {
    dataset = TrainingFiles.write(folder.resolve("train.jsonl"));
    output = folder.resolve("trained");
  }

  @Test
  void aTrainingLeavesAnAdapterThatRerankTakesItsCheckpointsAndItsLog() throws IOException {
    assertSucceeds(train());

    assertThat(names(output))
        .containsExactlyInAnyOrder(
            "adapter_config.json",
            "adapter_model.safetensors",
            "checkpoint-3",
            "checkpoint-6",
            "checkpoint-8",
            "loss.png",
            "tokenizer.json",
            "tokenizer_config.json",
            "trainer_log.jsonl");
    List<JsonNode> log = log(output);
    assertThat(log)
        .extracting(line -> line.path("step").asInt())
        .containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    assertThat(log.get(0).path("learning_rate").asDouble()).isEqualTo(1e-3 * 7 / 8);
    assertThat(log.get(6).path("epoch").asDouble()).isEqualTo(1.0);
    assertThat(log.get(7).path("loss").asDouble())
        .isLessThan(log.get(0).path("loss").asDouble() + 1);
    assertSucceeds(
        Cli.run(
            "rerank",
            "--model-name-or-path",
            output.toString(),
            "--dataset-path",
            Cli.reference("expected/rerank_input.jsonl"),
            "--rerank-output-path",
            folder.resolve("run.txt").toString()));
  }

  @Test
  void aResumedTrainingEndsInTheSameBytes() throws IOException {
    assertSucceeds(train());
    Path stopped = folder.resolve("stopped");
    FileUtils.copyDirectory(
        output.resolve("checkpoint-3").toFile(), stopped.resolve("checkpoint-3").toFile());
    // What a driver leaves that is killed while it writes.
    Files.createDirectories(stopped.resolve(".checkpoint-6.6f1c/part"));

    assertSucceeds(
        Cli.run(TrainingFiles.train(dataset, stopped), "--resume-from-checkpoint", "true"));

    assertThat(names(stopped)).noneMatch(name -> name.startsWith("."));

    assertThat(stopped.resolve("adapter_model.safetensors"))
        .hasSameBinaryContentAs(output.resolve("adapter_model.safetensors"));
    assertThat(stopped.resolve("trainer_log.jsonl"))
        .hasSameTextualContentAs(output.resolve("trainer_log.jsonl"));
    assertThat(stopped.resolve("checkpoint-8/optimizer.safetensors"))
        .hasSameBinaryContentAs(output.resolve("checkpoint-8/optimizer.safetensors"));
  }

  @Test
  void aTrainingGoesOnFromACheckpointOfAnotherDirectory() throws IOException {
    assertSucceeds(train());
    Path elsewhere = folder.resolve("elsewhere/checkpoint-6");
    Path stopped = folder.resolve("stopped");
    FileUtils.copyDirectory(output.resolve("checkpoint-6").toFile(), elsewhere.toFile());
    FileUtils.copyDirectory(
        output.resolve("checkpoint-3").toFile(), stopped.resolve("checkpoint-3").toFile());

    Cli.Result resumed =
        Cli.run(
            TrainingFiles.train(dataset, stopped),
            "--resume-from-checkpoint",
            elsewhere.toString());

    assertSucceeds(resumed);
    assertThat(resumed.err()).contains("2 steps after 6");
    assertThat(stopped.resolve("adapter_model.safetensors"))
        .hasSameBinaryContentAs(output.resolve("adapter_model.safetensors"));
  }

  @Test
  void aTrainingThatLacksItsResultAloneIsFinished() throws IOException {
    assertSucceeds(train());
    byte[] adapter = Files.readAllBytes(output.resolve("adapter_model.safetensors"));
    assertFails(Main.INPUT, train("--resume-from-checkpoint", "true"), "nothing is left to do");
    Files.delete(output.resolve("adapter_model.safetensors"));
    Files.delete(output.resolve("adapter_config.json"));

    assertSucceeds(train("--resume-from-checkpoint", "true"));

    assertThat(output.resolve("adapter_model.safetensors")).hasBinaryContent(adapter);
  }

  @Test
  void aCheckpointCutShortIsPassedOver() throws IOException {
    assertSucceeds(train());
    byte[] whole = Files.readAllBytes(output.resolve("checkpoint-8/optimizer.safetensors"));
    Files.write(
        output.resolve("checkpoint-8/optimizer.safetensors"),
        java.util.Arrays.copyOf(whole, whole.length - 1));

    Cli.Result resumed = train("--resume-from-checkpoint", "true");

    assertSucceeds(resumed);
    assertThat(resumed.err()).contains("not used: ").contains("checkpoint-8");
    assertThat(Files.readAllBytes(output.resolve("checkpoint-8/optimizer.safetensors")))
        .isEqualTo(whole);
  }

  @Test
  void twoWorkersAreOneWithTwiceTheAccumulation() {
    assertSucceeds(train("--gradient-accumulation-steps", "2"));
    Path two = folder.resolve("two");

    assertSucceeds(Cli.run(TrainingFiles.train(dataset, two), "--workers", "2"));

    Map<String, float[]> expected = TrainingFiles.adapter(output);
    TrainingFiles.adapter(two)
        .forEach(
            (name, numbers) ->
                assertThat(numbers)
                    .as(name)
                    .containsExactly(expected.get(name), Offset.offset(SUMS)));
  }

  @Test
  void aTrainingOfAllWeightsLeavesAModelThatRerankTakes() {
    List<String> full = new ArrayList<>(TrainingFiles.train(dataset, output));
    full.remove("--lora");
    assertSucceeds(Cli.run(full, "--bf16"));
    assertThat(names(output)).contains("model.safetensors", "config.json");
    assertSucceeds(
        Cli.run(
            "rerank",
            "--model-name-or-path",
            output.toString(),
            "--dataset-path",
            Cli.reference("expected/rerank_input.jsonl"),
            "--rerank-output-path",
            folder.resolve("run.txt").toString()));
  }

  @Test
  void theBestEvaluatedStateIsTheResult() throws IOException {
    assertSucceeds(
        train(
            "--eval-dataset-path",
            Cli.reference("expected/rerank_input.jsonl"),
            "--eval-qrels",
            Cli.reference("data/qrels.txt"),
            "--eval-steps",
            "0.25",
            "--load-best-model-at-end",
            "--save-total-limit",
            "2"));
    List<JsonNode> evaluated =
        log(output).stream().filter(line -> line.has("eval_ndcg_cut_10")).toList();
    assertThat(evaluated).extracting(line -> line.path("step").asInt()).containsExactly(2, 4, 6, 8);
    int best =
        IntStream.range(0, 4)
            .reduce(
                (a, b) ->
                    evaluated.get(b).path("eval_ndcg_cut_10").asDouble()
                            > evaluated.get(a).path("eval_ndcg_cut_10").asDouble()
                        ? b
                        : a)
            .orElseThrow();
    assertThat(output.resolve("adapter_model.safetensors"))
        .hasSameBinaryContentAs(
            output.resolve("checkpoint-" + 2 * (best + 1) + "/adapter_model.safetensors"));
  }

  /** 14 items, 4 a step: 4 steps an epoch, the last with 2. */
  @Test
  void checkpointsAndTheLogMayFollowTheEpochs() throws IOException {
    assertSucceeds(
        train(
            "--gradient-accumulation-steps",
            "2",
            "--save-strategy",
            "epoch",
            "--logging-strategy",
            "epoch",
            "--logging-first-step",
            "--max-steps",
            "6"));
    assertThat(names(output))
        .contains("checkpoint-4", "checkpoint-6")
        .doesNotContain("checkpoint-3");
    assertThat(log(output)).extracting(line -> line.path("step").asInt()).containsExactly(1, 4, 6);
  }

  @Test
  void withoutCheckpointsAndLogTheResultIsTheSame() throws IOException {
    assertSucceeds(train("--max-steps", "2"));
    Path bare = folder.resolve("bare");
    assertSucceeds(
        Cli.run(
            TrainingFiles.train(dataset, bare),
            "--max-steps",
            "2",
            "--save_strategy",
            "no",
            "--logging_strategy",
            "no"));
    assertThat(names(bare))
        .containsExactlyInAnyOrder(
            "adapter_config.json",
            "adapter_model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
            "trainer_log.jsonl");
    assertThat(log(bare)).isEmpty();
    assertThat(bare.resolve("adapter_model.safetensors"))
        .hasSameBinaryContentAs(output.resolve("adapter_model.safetensors"));
  }

  /** Of 14 items 12 fill batches of 4; the order of epoch 0 is that of --seed 7. */
  @Test
  void theItemsOrderAndRestAreThoseOfTheDataLoader() throws IOException {
    List<String> args = TrainingFiles.train(dataset, output);
    args.removeAll(List.of("--max-steps", "8"));
    Cli.Result dropping =
        Cli.run(
            args,
            "--per-device-train-batch-size",
            "4",
            "--num-train-epochs",
            "1",
            "--data-seed",
            "7",
            "--dataloader-drop-last",
            "--save-strategy",
            "epoch");
    assertSucceeds(dropping);
    assertThat(names(output)).contains("checkpoint-3").doesNotContain("checkpoint-4");
    assertFails(
        Main.INPUT,
        Cli.run(
            args,
            "--per-device-train-batch-size",
            "4",
            "--num-train-epochs",
            "1",
            "--save-strategy",
            "epoch",
            "--resume-from-checkpoint",
            "true"),
        "was made with data_seed 7");
  }

  @Test
  void anEvaluationMayFollowTheEpochsAndKeepTheBestAlone() throws IOException {
    assertSucceeds(
        train(
            "--eval-dataset-path",
            Cli.reference("expected/rerank_input.jsonl"),
            "--eval-qrels",
            Cli.reference("data/qrels.txt"),
            "--eval-strategy",
            "epoch",
            "--save-strategy",
            "best",
            "--load-best-model-at-end",
            "--learning-rate",
            "0"));
    assertThat(log(output))
        .filteredOn(line -> line.has("eval_ndcg_cut_10"))
        .extracting(line -> line.path("step").asInt())
        .containsExactly(7, 8);
    assertThat(names(output))
        .contains("checkpoint-7")
        .doesNotContain("checkpoint-3", "checkpoint-8");
  }

  @Test
  void aDeepSpeedFileThatWouldTrainOtherwiseIsRefused() throws IOException {
    Path file = folder.resolve("ds.json");
    for (List<String> wrong :
        List.of(
            List.of(
                "\"scheduler\": {\"type\": \"WarmupLR\"}",
                "scheduler.type is WarmupLR, and the command line says --lr-scheduler-type linear;"
                    + " leave it out of the file, or give --lr-scheduler-type constant_with_warmup"),
            List.of("\"scheduler\": {\"type\": \"OneCycle\"}", "scheduler.type is OneCycle"),
            List.of(
                "\"scheduler\": {\"type\": \"WarmupDecayLR\", \"params\": {\"warmup_num_steps\": 9}}",
                "scheduler.params.warmup_num_steps is 9, and the command line says 0"),
            List.of(
                "\"optimizer\": {\"type\": \"Adam\", \"params\": {\"adam_w_mode\": false}}",
                "optimizer.params.adam_w_mode is false"),
            List.of("\"amp\": {\"enabled\": true}", "amp is not supported"),
            List.of("\"compression_training\": {\"a\": {}}", "compression_training is not"))) {
      Files.writeString(file, "{" + wrong.get(0) + "}");
      assertFails(Main.USAGE, train("--deepspeed", file.toString()), wrong.get(1));
    }
    assertThat(output).doesNotExist();
  }

  /** All of its steps are equally good, and of the first there is no checkpoint. */
  @Test
  void aRunThatBeganWithoutKeepingTheBestKeepsTheBestOfTheRest() throws IOException {
    List<String> evaluated =
        List.of(
            "--eval-dataset-path",
            Cli.reference("expected/rerank_input.jsonl"),
            "--eval-qrels",
            Cli.reference("data/qrels.txt"),
            "--eval-steps",
            "1",
            "--learning-rate",
            "0");
    assertSucceeds(train(evaluated.toArray(String[]::new)));
    Path stopped = folder.resolve("stopped");
    FileUtils.copyDirectory(
        output.resolve("checkpoint-6").toFile(), stopped.resolve("checkpoint-6").toFile());
    List<String> resumed = TrainingFiles.train(dataset, stopped);
    resumed.addAll(evaluated);
    assertSucceeds(
        Cli.run(resumed, "--resume-from-checkpoint", "true", "--load-best-model-at-end"));
    assertThat(names(stopped)).contains("adapter_model.safetensors");
  }

  @Test
  void aLossThatIsNoNumberNamesStepAndQueryAndKeepsTheLastGoodCheckpoint() {
    Cli.Result result =
        train("--learning-rate", "1e30", "--save-steps", "1", "--max-grad-norm", "0");

    assertThat(result.exitCode()).isEqualTo(Main.INPUT);
    assertThat(result.lastLine())
        .matches(
            "rankspark: step \\d: the (loss of query|gradient's norm) .* saved of this step.*");
    assertThat(names(output)).doesNotContain("adapter_model.safetensors").contains("checkpoint-1");
  }

  /** Where the gradient is 0, as that of A in the first step, 0 is divided by it. */
  @Test
  void aWeightThatIsNoNumberIsNotSaved() {
    assertFails(
        Main.INPUT,
        train("--adam-epsilon", "0", "--save-steps", "1"),
        "step 1: a trained weight is NaN; nothing was saved of this step");
    assertThat(names(output)).containsExactly("trainer_log.jsonl");
  }

  @Test
  void aDiskThatIsFullStopsAllWorkersByItsOwnMessage() {
    FaultyFileSystem.install(
        Cli.startSpark().sparkContext().hadoopConfiguration(), 1 << 20, "checkpoint-6");
    Cli.Result result =
        Cli.run(TrainingFiles.train(dataset, Path.of("faulty:" + output)), "--workers", "2");
    assertFails(Main.INPUT, result, "checkpoint-6 cannot be written");
    assertThat(names(output)).contains("checkpoint-3").doesNotContain("checkpoint-6");
  }

  /** The second worker's: the others must not wait for its scores. */
  @Test
  void aPairThatCannotBeEvaluatedStopsAllWorkersByItsOwnMessage() throws IOException {
    Path tokenizer = Files.createDirectory(folder.resolve("tokenizer"));
    for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
      Files.copy(Path.of(Cli.reference("base/" + name)), tokenizer.resolve(name));
    }
    JsonNode json = JSON.readTree(tokenizer.resolve("tokenizer.json").toFile());
    ((ArrayNode) json.path("added_tokens"))
        .addObject()
        .put("id", 1200)
        .put("content", "\u00a7")
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", false);
    JSON.writeValue(tokenizer.resolve("tokenizer.json").toFile(), json);
    Path evaluated = folder.resolve("evaluated.jsonl");
    Files.copy(Path.of(Cli.reference("expected/rerank_input.jsonl")), evaluated);
    Files.writeString(
        evaluated,
        "{\"query_id\": \"1005\", \"query\": \"beyond\", \"docid\": \"b\", \"title\": \"\","
            + " \"text\": \"\u00a7\", \"score\": 0}\n",
        StandardOpenOption.APPEND);

    Cli.Result result =
        train(
            "--workers",
            "2",
            "--tokenizer-name",
            tokenizer.toString(),
            "--eval-dataset-path",
            evaluated.toString(),
            "--eval-qrels",
            Cli.reference("data/qrels.txt"),
            "--eval-steps",
            "2");

    assertFails(
        Main.INPUT,
        result,
        "token id 1200 is not in the model's vocabulary of 1200: the tokenizer");
    assertThat(names(output)).doesNotContain("adapter_model.safetensors");
  }

  @Test
  void whatIsReadIsNotOverwritten() {
    assertSucceeds(train());
    String adapter = output.resolve("checkpoint-3").toString();
    assertFails(
        Main.INPUT,
        train("--lora-name-or-path", adapter, "--overwrite-output-dir"),
        output + " holds " + adapter + ", which is read");
    assertThat(names(output)).contains("checkpoint-3");
  }

  @Test
  void anAdapterOfAnotherModelIsNotTrainedOn() {
    assertSucceeds(train("--max-steps", "1"));
    List<String> other = new ArrayList<>(TrainingFiles.train(dataset, folder.resolve("other")));
    other.set(other.indexOf(Cli.reference("base")), Cli.reference("mistral"));
    assertFails(
        Main.INPUT,
        Cli.run(other, "--lora-name-or-path", output.toString()),
        "does not fit " + Cli.reference("mistral"));
  }

  @Test
  void wrongInputIsOneLine() throws IOException {
    List<String> lines = new ArrayList<>(Files.readAllLines(dataset));
    lines.set(
        2,
        lines
            .get(2)
            .replaceFirst(
                "\"positive_passages\":\\[.*\\],\"negative",
                "\"positive_passages\":[],\"negative"));
    Path bad = Files.write(folder.resolve("bad.jsonl"), lines);
    assertFails(Main.INPUT, Cli.run(TrainingFiles.train(bad, output)), bad + ":3: ");
    Path empty = Files.createFile(folder.resolve("empty.jsonl"));
    assertFails(Main.INPUT, Cli.run(TrainingFiles.train(empty, output)), "has no lines");
    assertFails(
        Main.DEVICE,
        train("--workers", "3"),
        "--workers 3: this Spark (local[2]) runs 2 tasks at once");
    assertFails(Main.USAGE, train("--save-steps", "1.5"), "a whole number from 1 on");
    assertFails(Main.USAGE, train("--adam-beta2", "1"), "--adam-beta2: expected 0 or more");
    assertFails(Main.USAGE, train("--ddp-timeout", "0"), "--ddp-timeout: expected at least 1");
    assertFails(Main.USAGE, train("--lora-target-modules", "q_proj,lm_head"), "got \"lm_head\"");
    assertFails(Main.USAGE, train("--reranker-model-type", "backbone"), "not trained here");
    assertFails(Main.INPUT, train("--resume-from-checkpoint", "true"), "has no whole checkpoint");
    assertThat(output).doesNotExist();
  }

  @Test
  void anotherSettingsCheckpointIsRefused() throws IOException {
    assertSucceeds(train());
    assertFails(
        Main.INPUT,
        train("--resume-from-checkpoint", "true", "--learning-rate", "2e-3"),
        "learning_rate");
    List<String> lines = new ArrayList<>(Files.readAllLines(dataset));
    Collections.swap(lines, 0, 1);
    List<String> reordered =
        TrainingFiles.train(Files.write(folder.resolve("reordered.jsonl"), lines), output);
    assertFails(Main.INPUT, Cli.run(reordered, "--resume-from-checkpoint", "true"), "data_set");
    Path base = folder.resolve("base");
    FileUtils.copyDirectory(new File(Cli.reference("base")), base.toFile());
    Files.writeString(base.resolve("tokenizer.json"), " ", StandardOpenOption.APPEND);
    assertFails(
        Main.INPUT,
        train("--resume-from-checkpoint", "true", "--tokenizer-name", base.toString()),
        "with model ");
    assertFails(Main.INPUT, train(), "is not empty");
    assertSucceeds(train("--overwrite-output-dir", "--max-steps", "1"));
    assertThat(names(output)).contains("checkpoint-1").doesNotContain("checkpoint-8");
  }

  @Test
  void aDirectoryOfSomethingElseIsLeftAlone() throws IOException {
    Files.createDirectories(output);
    Files.writeString(output.resolve("thesis.tex"), "");
    assertFails(Main.INPUT, train("--overwrite-output-dir"), "thesis.tex");
    assertThat(names(output)).containsExactly("thesis.tex");
  }

  /** The last command of Tevatron's examples/rankllama/README.md, on our own model and data. */
  @Test
  void tevatronsTrainingLineRuns() throws IOException {
    Path data = Files.createDirectories(folder.resolve("Tevatron/msmarco-passage-aug"));
    TrainingFiles.write(data.resolve("train.jsonl"));
    Path deepspeed = folder.resolve("ds_zero3_config.json");
    Files.writeString(
        deepspeed,
        """
        {
          "zero_optimization": {"stage": 3, "overlap_comm": true},
          "fp16": {"enabled": "auto"},
          "bf16": {"enabled": "auto"},
          "optimizer": {"type": "AdamW", "params": {"lr": "auto", "betas": "auto", "eps": "auto"}},
          "scheduler": {"type": "WarmupDecayLR", "params": {"warmup_num_steps": "auto"}},
          "gradient_accumulation_steps": "auto",
          "gradient_clipping": "auto",
          "train_micro_batch_size_per_gpu": "auto"
        }
        """);

    Cli.Result result =
        Cli.run(
            ("train --deepspeed "
                    + deepspeed
                    + " --output_dir "
                    + output
                    + " --model_name_or_path "
                    + Cli.reference("mistral")
                    + " --lora"
                    + " --lora_target_modules q_proj,k_proj,v_proj,o_proj,down_proj,up_proj,gate_proj"
                    + " --save_steps 50 --dataset_name "
                    + data
                    + " --query_prefix query:_ --passage_prefix document:_"
                    + " --bf16 --per_device_train_batch_size 16 --gradient_checkpointing"
                    + " --train_group_size 16 --learning_rate 1e-4 --rerank_max_len 196"
                    + " --num_train_epochs 1 --logging_steps 100 --gradient_accumulation_steps 4")
                .split(" "));

    assertSucceeds(result);
    assertThat(result.err()).contains("ignored: zero_optimization");
    assertThat(names(output)).contains("adapter_model.safetensors", "checkpoint-1");
  }

  @Test
  void aDeepSpeedFileMustAgreeWithTheOptions() throws IOException {
    Path file = folder.resolve("ds.json");
    Files.writeString(
        file,
        "{\"zero_optimization\": {\"stage\": 3}, \"bf16\": {\"enabled\": \"auto\"},"
            + " \"optimizer\": {\"type\": \"AdamW\", \"params\": {\"lr\": 1e-4,"
            + " \"betas\": [0.9, 0.95]}}}");
    assertFails(
        Main.USAGE,
        train("--deepspeed", file.toString()),
        "optimizer.params.lr is 1.0E-4, and the command line says 0.001");
    List<String> more =
        List.of("--deepspeed", file.toString(), "--learning-rate", "1e-4", "--max-steps", "1");
    assertFails(
        Main.USAGE,
        train(more.toArray(String[]::new)),
        "optimizer.params.betas.1 is 0.95, and the command line says 0.999");
    more = new ArrayList<>(more);
    more.addAll(List.of("--adam-beta2", "0.95"));
    Cli.Result result = train(more.toArray(String[]::new));
    assertSucceeds(result);
    assertThat(result.err()).contains("ignored: zero_optimization");
  }

  private Cli.Result train(String... more) {
    return Cli.run(TrainingFiles.train(dataset, output), more);
  }

  private static void assertSucceeds(Cli.Result result) {
    assertThat(result.exitCode()).as(result.err()).isZero();
  }

  private static void assertFails(int code, Cli.Result result, String message) {
    assertThat(result.exitCode()).as(result.err()).isEqualTo(code);
    assertThat(result.lastLine()).contains(message);
  }

  private static List<JsonNode> log(Path output) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    for (String line : Files.readAllLines(output.resolve("trainer_log.jsonl"))) {
      lines.add(JSON.readTree(line));
    }
    return lines;
  }

  private static List<String> names(Path directory) {
    try (var files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> !name.endsWith(".crc"))
          .toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
