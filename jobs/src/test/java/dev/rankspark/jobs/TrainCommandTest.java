package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** What a training leaves, with the default dropout unless a test says otherwise. */
class TrainCommandTest extends TrainingTest {
  /** Sums of the same gradients in another order, after Adam's steps. */
  private static final float SUMS = 1e-5f;

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

  /** The first epoch has seven steps, so that the eighth has the groups of the first again. */
  @Test
  void theLossOfTheSameGroupsFalls() throws IOException {
    assertSucceeds(
        train(
            "--lora-dropout",
            "0",
            "--dataset-shuffle",
            "false",
            "--positive-passage-no-shuffle",
            "--negative-passage-no-shuffle",
            "--save-strategy",
            "no"));
    List<JsonNode> log = log(output);
    assertThat(log.get(7).path("loss").asDouble())
        .isLessThan(log.get(0).path("loss").asDouble() - 0.05);
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
}
