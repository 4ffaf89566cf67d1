package dev.rankspark.jobs;

import dev.rankspark.OptionException;
import dev.rankspark.jobs.KnownArgument.Case;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.TrainableEncoder.AdamW;
import dev.rankspark.train.LearningRate.Schedule;
import dev.rankspark.train.Train;
import dev.rankspark.train.TrainOptions;
import dev.rankspark.train.TrainOptions.Compute;
import dev.rankspark.train.TrainOptions.Lora;
import dev.rankspark.train.TrainOptions.Model;
import dev.rankspark.train.TrainOptions.Rate;
import dev.rankspark.train.TrainReport;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
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

  @Mixin private TrainingDataMixin data;

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

  @Mixin private PromptMixin prompt;

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

  @Mixin private TrainingOutputMixin output;

  @Option(
      names = "--deepspeed",
      paramLabel = "FILE",
      description = "a DeepSpeed configuration: what it says must agree with the other options")
  private String deepspeed;

  @Override
  public Integer call() {
    PrintWriter err = spec.commandLine().getErr();
    Set<Case> cases = EnumSet.noneOf(Case.class);
    cases.addAll(data.cases());
    cases.addAll(output.cases());
    TevatronArguments.check(spec, cases);
    TrainOptions options = options();
    if (deepspeed != null) {
      List<String> ignored = DeepSpeedConfig.read(deepspeed).check(options);
      if (!ignored.isEmpty()) {
        err.println(deepspeed + ": without meaning here, ignored: " + String.join(", ", ignored));
      }
    }
    TrainReport report =
        SparkSessions.with("train", spark -> Train.run(spark, options, err::println));
    LossCurve.write(output.directory(), report.log(), err);
    err.println(report.summary(output.directory()));
    return 0;
  }

  private TrainOptions options() {
    if (!modelType.equals(SEQUENCE_CLASSIFICATION)) {
      throw OptionException.of(
          "--reranker-model-type: expected %s, got \"%s\", which is not trained here",
          SEQUENCE_CLASSIFICATION, modelType);
    }
    return new TrainOptions(
        new Model(model, tokenizer),
        lora || adapter != null
            ? new Lora(loraR, loraAlpha, loraDropout, loraTargetModules, adapter)
            : null,
        data.options(),
        prompt.options(),
        new Rate(learningRate, Schedule.of(schedule), warmupSteps, warmupRatio),
        new AdamW(beta1, beta2, epsilon, weightDecay, maxGradNorm),
        new Compute(dtype(), device(), checkpointing, workers, Duration.ofSeconds(ddpTimeout)),
        output.options(),
        output.evaluation());
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
}
