package dev.rankspark.jobs;

import dev.rankspark.OptionException;
import dev.rankspark.corpus.InputPaths;
import dev.rankspark.corpus.Shard;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.TrainableEncoder.AdamW;
import dev.rankspark.train.GroupChoice;
import dev.rankspark.train.LearningRate.Schedule;
import dev.rankspark.train.Train;
import dev.rankspark.train.TrainOptions;
import dev.rankspark.train.TrainOptions.Compute;
import dev.rankspark.train.TrainOptions.Data;
import dev.rankspark.train.TrainOptions.Evaluation;
import dev.rankspark.train.TrainOptions.Interval;
import dev.rankspark.train.TrainOptions.Lora;
import dev.rankspark.train.TrainOptions.Model;
import dev.rankspark.train.TrainOptions.Output;
import dev.rankspark.train.TrainOptions.Rate;
import dev.rankspark.train.TrainReport;
import dev.rankspark.train.TrainingPlan;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code train}: Tevatron's {@code tevatron.reranker.driver.train}. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description = "Trains a reranker on groups of one positive and some negative passages a query.",
    footerHeading = "%nExample:%n",
    footer =
        "  rankspark train --model-name-or-path Mistral-7B-v0.1 --lora --dataset-path train.jsonl%n"
            + "    --query-prefix \"query: \" --passage-prefix \"document: \" --rerank-max-len 196%n"
            + "    --bf16 --gradient-checkpointing --train-group-size 16 --learning-rate 1e-4%n"
            + "    --per-device-train-batch-size 16 --gradient-accumulation-steps 4%n"
            + "    --num-train-epochs 1 --save-steps 50 --logging-steps 100 --workers 8%n"
            + "    --output-dir model_rankmistral")
final class TrainCommand implements Callable<Integer> {
  private static final String SEQUENCE_CLASSIFICATION = "sequence_classification";

  @Spec private CommandSpec spec;

  @Option(
      names = "--model-name-or-path",
      required = true,
      paramLabel = "DIR",
      description = "the base: a model with or without a head")
  private String model;

  @Option(
      names = "--reranker-model-type",
      defaultValue = SEQUENCE_CLASSIFICATION,
      paramLabel = "TYPE",
      description = "only ${DEFAULT-VALUE}; Tevatron's backbone rerankers are not trained here")
  private String modelType;

  @Option(
      names = "--tokenizer-name",
      paramLabel = "DIR",
      description = "the tokenizer (default: the model's)")
  private String tokenizer;

  @Mixin private DatasetMixin dataset;

  @Option(
      names = "--corpus-path",
      paramLabel = "FILE",
      description =
          "passages: JSON lines (docid, title, text), tsv or Parquet; for a data set that has docids"
              + " alone; globs")
  private List<String> corpus = new ArrayList<>();

  @Option(names = "--lora", description = "train LoRA factors; otherwise every weight")
  private boolean lora;

  @Option(
      names = "--lora-name-or-path",
      paramLabel = "DIR",
      description = "an adapter to go on from")
  private String adapter;

  @Option(
      names = "--lora-r",
      defaultValue = "" + Lora.DEFAULT_R,
      paramLabel = "N",
      description = "LoRA's rank (default ${DEFAULT-VALUE})")
  private int loraR;

  @Option(
      names = "--lora-alpha",
      defaultValue = "" + Lora.DEFAULT_ALPHA,
      paramLabel = "X",
      description = "LoRA's factors count alpha / r (default ${DEFAULT-VALUE})")
  private double loraAlpha;

  @Option(
      names = "--lora-dropout",
      defaultValue = "" + Lora.DEFAULT_DROPOUT,
      paramLabel = "P",
      description = "dropout of the factors' input (default ${DEFAULT-VALUE})")
  private double loraDropout;

  @Option(
      names = "--lora-target-modules",
      split = ",",
      defaultValue = "q_proj,k_proj,v_proj,o_proj,down_proj,up_proj,gate_proj",
      paramLabel = "MODULE",
      description = "(default ${DEFAULT-VALUE})")
  private List<String> loraTargetModules;

  @Option(
      names = "--train-group-size",
      defaultValue = "" + GroupChoice.DEFAULT_TRAIN_GROUP_SIZE,
      paramLabel = "N",
      description = "passages of a group, the positive included (default ${DEFAULT-VALUE})")
  private int groupSize;

  @Option(
      names = "--positive-passage-no-shuffle",
      description = "always take the first positive passage")
  private boolean positiveNoShuffle;

  @Option(
      names = "--negative-passage-no-shuffle",
      description = "always take the first negative passages")
  private boolean negativeNoShuffle;

  @Mixin private PromptMixin prompt;

  @Option(
      names = "--per-device-train-batch-size",
      defaultValue = "8",
      paramLabel = "N",
      description = "groups of a worker's batch (default ${DEFAULT-VALUE})")
  private int batchSize;

  @Option(
      names = "--gradient-accumulation-steps",
      defaultValue = "1",
      paramLabel = "N",
      description = "batches of a worker for an optimizer step (default ${DEFAULT-VALUE})")
  private int accumulation;

  @Option(
      names = "--gradient-checkpointing",
      description = "less memory: compute a layer's inner states twice")
  private boolean checkpointing;

  @Option(
      names = "--learning-rate",
      defaultValue = "" + Rate.DEFAULT_PEAK,
      paramLabel = "X",
      description = "(default ${DEFAULT-VALUE})")
  private double learningRate;

  @Option(
      names = "--num-train-epochs",
      defaultValue = "" + TrainingPlan.Options.DEFAULT_NUM_TRAIN_EPOCHS,
      paramLabel = "X",
      description = "passes over the data, may be a fraction (default ${DEFAULT-VALUE})")
  private double epochs;

  @Option(
      names = "--max-steps",
      defaultValue = "" + TrainingPlan.Options.BY_EPOCHS,
      paramLabel = "N",
      description = "optimizer steps, instead of --num-train-epochs")
  private int maxSteps;

  @Option(
      names = "--warmup-ratio",
      defaultValue = "0",
      paramLabel = "X",
      description = "part of all steps in which the rate rises (default ${DEFAULT-VALUE})")
  private double warmupRatio;

  @Option(
      names = "--warmup-steps",
      defaultValue = "0",
      paramLabel = "N",
      description = "steps in which the rate rises, instead of --warmup-ratio")
  private int warmupSteps;

  @Option(
      names = "--lr-scheduler-type",
      defaultValue = "linear",
      paramLabel = "TYPE",
      description = "linear, cosine, constant or constant_with_warmup (default ${DEFAULT-VALUE})")
  private String schedule;

  @Option(
      names = "--weight-decay",
      defaultValue = "0",
      paramLabel = "X",
      description = "AdamW's (default ${DEFAULT-VALUE})")
  private double weightDecay;

  @Option(
      names = "--max-grad-norm",
      defaultValue = "1",
      paramLabel = "X",
      description = "scale gradients down to this norm; 0 never (default ${DEFAULT-VALUE})")
  private double maxGradNorm;

  @Option(
      names = "--adam-beta1",
      defaultValue = "0.9",
      paramLabel = "X",
      description = "(default ${DEFAULT-VALUE})")
  private double beta1;

  @Option(
      names = "--adam-beta2",
      defaultValue = "0.999",
      paramLabel = "X",
      description = "(default ${DEFAULT-VALUE})")
  private double beta2;

  @Option(
      names = "--adam-epsilon",
      defaultValue = "1e-8",
      paramLabel = "X",
      description = "(default ${DEFAULT-VALUE})")
  private double epsilon;

  @Option(names = "--bf16", description = "frozen weights and products in bfloat16")
  private boolean bf16;

  @Option(
      names = "--fp16",
      description = "frozen weights rounded to float16; on a CPU computed in float32")
  private boolean fp16;

  @Option(
      names = "--seed",
      defaultValue = "42",
      paramLabel = "N",
      description =
          "of the order, the passages, new weights and dropout (default ${DEFAULT-VALUE})")
  private long seed;

  @Option(
      names = "--dataset-shuffle",
      arity = "1",
      defaultValue = "true",
      paramLabel = "BOOL",
      description = "take the groups in another order each epoch (default ${DEFAULT-VALUE})")
  private boolean shuffle;

  @Option(
      names = "--workers",
      defaultValue = "1",
      paramLabel = "N",
      description = "tasks that share each step's groups (default ${DEFAULT-VALUE})")
  private int workers;

  @Option(
      names = "--ddp-timeout",
      defaultValue = "" + Compute.DEFAULT_TIMEOUT,
      paramLabel = "SECONDS",
      description = {
        "how long a worker waits for a silent one: longer than any computes between two sums;",
        "a dead one is noticed at once (default ${DEFAULT-VALUE})"
      })
  private int ddpTimeout;

  @Option(
      names = "--device",
      defaultValue = "auto",
      paramLabel = "DEVICE",
      description = "auto, cpu, cuda or cuda:N (default ${DEFAULT-VALUE})")
  private String device;

  @Option(
      names = {"--use-cpu", "--no-cuda"},
      description = "--device cpu")
  private boolean cpu;

  @Option(
      names = "--output-dir",
      required = true,
      paramLabel = "DIR",
      description = "the trained adapter or model, checkpoints, trainer_log.jsonl, loss.png")
  private String outputDir;

  @Option(
      names = "--overwrite-output-dir",
      description = "begin anew in a directory that holds an older training")
  private boolean overwrite;

  @Option(
      names = "--logging-steps",
      defaultValue = "" + Output.DEFAULT_LOGGING_STEPS,
      paramLabel = "X",
      description =
          "a line of the log every X steps; below 1, a part of all steps (default ${DEFAULT-VALUE})")
  private double loggingSteps;

  @Option(
      names = "--save-steps",
      defaultValue = "" + Output.DEFAULT_SAVE_STEPS,
      paramLabel = "X",
      description =
          "a checkpoint every X steps; below 1, a part of all steps (default ${DEFAULT-VALUE})")
  private double saveSteps;

  @Option(
      names = "--save-total-limit",
      defaultValue = "0",
      paramLabel = "N",
      description = "keep the newest N checkpoints (default: all)")
  private int saveTotalLimit;

  @Option(
      names = "--resume-from-checkpoint",
      paramLabel = "DIR",
      description = "go on from this checkpoint; true: from the newest in --output-dir")
  private String resumeFrom;

  @Option(
      names = "--eval-dataset-path",
      paramLabel = "FILE",
      description = "rerank input to evaluate on while training; globs")
  private List<String> evalDataset = new ArrayList<>();

  @Option(
      names = "--eval-qrels",
      paramLabel = "FILE",
      description = "its judgements; nDCG@10 goes into the log")
  private String evalQrels;

  @Option(
      names = "--eval-steps",
      defaultValue = "" + Output.DEFAULT_SAVE_STEPS,
      paramLabel = "X",
      description =
          "evaluate every X steps, and at the end; below 1, a part of all steps (default ${DEFAULT-VALUE})")
  private double evalSteps;

  @Option(
      names = "--load-best-model-at-end",
      description = "the result is the best of the evaluated states")
  private boolean keepBest;

  @Option(
      names = "--deepspeed",
      paramLabel = "FILE",
      description = "a DeepSpeed configuration: what it says must agree with the other options")
  private String deepspeed;

  @Override
  public Integer call() {
    PrintWriter err = spec.commandLine().getErr();
    TevatronArguments.noteIgnored(spec);
    TrainOptions options = options();
    if (deepspeed != null) {
      List<String> ignored = DeepSpeedConfig.read(deepspeed).check(options);
      if (!ignored.isEmpty()) {
        err.println(deepspeed + ": without meaning here, ignored: " + String.join(", ", ignored));
      }
    }
    TrainReport report =
        SparkSessions.with("train", spark -> Train.run(spark, options, err::println));
    LossCurve.write(outputDir, report.log(), err);
    err.println(report.summary(outputDir));
    return 0;
  }

  private TrainOptions options() {
    if (!dataset.shard().equals(Shard.ALL)) {
      throw new OptionException(
          "--dataset-number-of-shards: a training takes the whole data set; cut the file instead");
    }
    if (!modelType.equals(SEQUENCE_CLASSIFICATION)) {
      throw OptionException.of(
          "--reranker-model-type: expected %s, got \"%s\", which is not trained here",
          SEQUENCE_CLASSIFICATION, modelType);
    }
    if (dataset.paths().isEmpty()) {
      throw new OptionException("--dataset-path is missing: what to train on");
    }
    return new TrainOptions(
        new Model(model, tokenizer),
        lora || adapter != null
            ? new Lora(loraR, loraAlpha, loraDropout, loraTargetModules, adapter)
            : null,
        new Data(
            dataset.paths(),
            InputPaths.of("--corpus-path", corpus).holding(InputPaths.Content.CORPUS),
            new GroupChoice(groupSize, positiveNoShuffle, negativeNoShuffle, seed),
            new TrainingPlan.Options(batchSize, accumulation, epochs, maxSteps, seed, shuffle)),
        prompt.options(),
        new Rate(learningRate, Schedule.of(schedule), warmupSteps, warmupRatio),
        new AdamW(beta1, beta2, epsilon, weightDecay, maxGradNorm),
        new Compute(dtype(), device(), checkpointing, workers, Duration.ofSeconds(ddpTimeout)),
        new Output(
            outputDir,
            overwrite,
            Interval.of("--logging-steps", loggingSteps),
            Interval.of("--save-steps", saveSteps),
            saveTotalLimit,
            resumeFrom),
        evaluation());
  }

  private Dtype dtype() {
    if (bf16 && fp16) {
      throw new OptionException("--bf16 and --fp16 exclude each other");
    }
    return bf16 ? Dtype.BFLOAT16 : fp16 ? Dtype.FLOAT16 : Dtype.FLOAT32;
  }

  private String device() {
    if (cpu && !device.equals("auto") && !device.equals("cpu")) {
      throw OptionException.of("--device %s and --use-cpu exclude each other", device);
    }
    return cpu ? "cpu" : device;
  }

  private Evaluation evaluation() {
    if (evalDataset.isEmpty() && evalQrels == null) {
      if (keepBest) {
        throw new OptionException(
            "--load-best-model-at-end needs --eval-dataset-path and --eval-qrels");
      }
      return null;
    }
    if (evalDataset.isEmpty() || evalQrels == null) {
      throw OptionException.of(
          "%s is missing: an evaluation needs --eval-dataset-path and --eval-qrels",
          evalQrels == null ? "--eval-qrels" : "--eval-dataset-path");
    }
    return new Evaluation(
        InputPaths.of("--eval-dataset-path", evalDataset),
        evalQrels,
        Interval.of("--eval-steps", evalSteps),
        keepBest);
  }
}
