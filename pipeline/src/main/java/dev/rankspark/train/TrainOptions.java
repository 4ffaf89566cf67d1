package dev.rankspark.train;

import dev.rankspark.OptionException;
import dev.rankspark.corpus.TrainingSet;
import dev.rankspark.files.InputPaths;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import dev.rankspark.model.TrainableEncoder.AdamW;
import dev.rankspark.model.TrainedParameters;
import dev.rankspark.prompt.PromptOptions;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * How a reranker is trained, in the words of Tevatron ({@code tevatron/reranker/arguments.py}) and
 * of transformers' {@code TrainingArguments}, with their defaults.
 *
 * @param model the base's directories
 * @param lora null trains every weight
 * @param data what is trained on
 * @param prompt how a pair becomes tokens
 * @param rate the learning rate's course
 * @param optimizer AdamW and the clipping of gradients
 * @param compute what is computed where
 * @param output what is written and when
 * @param evaluation null for none
 */
public record TrainOptions(
    Model model,
    Lora lora,
    Data data,
    PromptOptions prompt,
    Rate rate,
    AdamW optimizer,
    Compute compute,
    Output output,
    Evaluation evaluation) {

  /**
   * The directories, on any Hadoop path that every executor can read.
   *
   * @param path {@code --model-name-or-path}
   * @param tokenizer {@code --tokenizer-name}; null for the model's own
   */
  public record Model(String path, String tokenizer) implements Serializable {}

  /**
   * LoRA (arXiv:2106.09685).
   *
   * @param r {@code --lora-r}
   * @param alpha {@code --lora-alpha}
   * @param dropout {@code --lora-dropout}
   * @param targetModules {@code --lora-target-modules}: some of {@link TrainedParameters#MODULES}
   * @param goOnFrom {@code --lora-name-or-path}: an adapter to go on from, whose rank, scaling and
   *     modules count; may be null
   */
  public record Lora(
      int r, double alpha, double dropout, List<String> targetModules, String goOnFrom)
      implements Serializable {
    public static final int DEFAULT_R = 8;
    public static final int DEFAULT_ALPHA = 64;
    public static final double DEFAULT_DROPOUT = 0.1;

    public Lora {
      targetModules = List.copyOf(targetModules);
      if (r < 1) {
        throw OptionException.of("--lora-r: expected at least 1, got %d", r);
      }
      if (!(alpha > 0 && alpha < Double.POSITIVE_INFINITY)) {
        throw OptionException.of("--lora-alpha: expected a number above 0, got %s", alpha);
      }
      if (!(dropout >= 0 && dropout < 1)) {
        throw OptionException.of(
            "--lora-dropout: expected a number from 0 on and below 1, got %s", dropout);
      }
      for (String module : targetModules) {
        if (!TrainedParameters.MODULES.contains(module)) {
          throw OptionException.of(
              "--lora-target-modules: expected some of %s, got \"%s\"",
              String.join(",", TrainedParameters.MODULES), module);
        }
      }
      if (targetModules.isEmpty()) {
        throw OptionException.of(
            "--lora-target-modules: expected some of %s, got none",
            String.join(",", TrainedParameters.MODULES));
      }
    }
  }

  /**
   * What is trained on.
   *
   * @param dataset {@code --dataset-path}, or a folder by {@code --dataset-name}
   * @param corpus {@code --corpus-path}: passages by docid; empty if the data set has the texts
   * @param choice which passages a group has
   * @param plan which groups make a step
   */
  public record Data(
      InputPaths dataset, InputPaths corpus, GroupChoice choice, TrainingPlan.Options plan) {
    public Data {
      if (choice.trainGroupSize() == 1) {
        throw new OptionException(
            "--train-group-size: expected at least 2, got 1: the loss of a positive alone is 0, so"
                + " that nothing is trained");
      }
    }
  }

  /**
   * The learning rate's course.
   *
   * @param peak {@code --learning-rate}
   * @param schedule {@code --lr-scheduler-type}
   * @param warmupSteps {@code --warmup-steps}
   * @param warmupRatio {@code --warmup-ratio}, where there are no warm-up steps
   */
  public record Rate(
      double peak, LearningRate.Schedule schedule, int warmupSteps, double warmupRatio)
      implements Serializable {
    public static final double DEFAULT_PEAK = 5e-5;
  }

  /**
   * What is computed where.
   *
   * @param dtype of frozen weights and products: float32 unless {@code --bf16} or {@code --fp16}
   * @param device {@code --device}
   * @param checkpointing {@code --gradient-checkpointing}
   * @param workers {@code --workers}: tasks that share each step's groups
   * @param timeout {@code --ddp-timeout}: longer than a worker computes between two sums
   */
  public record Compute(
      Dtype dtype, String device, boolean checkpointing, int workers, Duration timeout)
      implements Serializable {
    public static final int DEFAULT_TIMEOUT = 1800;

    public Compute {
      if (timeout.isZero() || timeout.isNegative()) {
        throw OptionException.of(
            "--ddp-timeout: expected at least 1 second, got %d", timeout.toSeconds());
      }
      Hardware.checkDevice(device);
      if (workers < 1) {
        throw OptionException.of("--workers: expected at least 1, got %d", workers);
      }
      if (dtype == Dtype.INT8) {
        throw new OptionException("--dtype int8: weights of whole numbers cannot be trained");
      }
    }
  }

  /**
   * What is written and when.
   *
   * @param directory {@code --output-dir}
   * @param overwrite {@code --overwrite-output-dir}
   * @param logging {@code --logging-strategy} and {@code --logging-steps}
   * @param logsFirstStep {@code --logging-first-step}
   * @param saving {@code --save-strategy} and {@code --save-steps}
   * @param saveTotalLimit {@code --save-total-limit}; 0 for no limit
   * @param resumeFrom {@code --resume-from-checkpoint}: a checkpoint's directory, {@link #NEWEST}
   *     for the newest in {@code directory}, null to begin anew
   */
  public record Output(
      String directory,
      boolean overwrite,
      Interval logging,
      boolean logsFirstStep,
      Interval saving,
      int saveTotalLimit,
      String resumeFrom)
      implements Serializable {
    public static final int DEFAULT_LOGGING_STEPS = 500;
    public static final int DEFAULT_SAVE_STEPS = 500;

    /** Go on from the newest whole checkpoint. */
    public static final String NEWEST = "true";

    public Output {
      if (saveTotalLimit < 0) {
        throw OptionException.of("--save-total-limit: expected at least 1, got %d", saveTotalLimit);
      }
    }
  }

  /**
   * Evaluation while training: nDCG@10 over judged queries, as trec_eval {@code -c} computes it.
   *
   * @param dataset {@code --eval-dataset-path}: rerank input
   * @param qrels {@code --eval-qrels}
   * @param interval {@code --eval-strategy} and {@code --eval-steps}
   * @param keepBest {@code --load-best-model-at-end}: the result is the best evaluated state
   */
  public record Evaluation(InputPaths dataset, String qrels, Interval interval, boolean keepBest) {}

  /** These options with the LoRA settings that count; null if there are none. */
  TrainOptions withLora(Lora other) {
    return new TrainOptions(
        model, other, data, prompt, rate, optimizer, compute, output, evaluation);
  }

  /** All paths that are read, as they were given. */
  List<String> inputs() {
    Stream<String> models =
        Stream.of(model.path, model.tokenizer, lora == null ? null : lora.goOnFrom);
    Stream<String> evaluated =
        evaluation == null
            ? Stream.empty()
            : Stream.concat(evaluation.dataset().paths().stream(), Stream.of(evaluation.qrels()));
    return Stream.of(models, data.dataset.paths().stream(), data.corpus.paths().stream(), evaluated)
        .flatMap(paths -> paths)
        .filter(Objects::nonNull)
        .toList();
  }

  /** What must be the same for a run to go on from a checkpoint, in the options' words. */
  Map<String, String> settings(String modelSum, TrainingSet set) {
    Map<String, String> settings = new TreeMap<>();
    settings.put("model", modelSum);
    settings.put("lora", lora == null ? "none" : "r " + lora.r + ", alpha " + lora.alpha);
    if (lora != null) {
      settings.put("lora_dropout", String.valueOf(lora.dropout));
      settings.put("lora_target_modules", String.join(",", lora.targetModules));
    }
    settings.put("data_set", set.size() + " items, " + set.sum());
    settings.put("train_group_size", String.valueOf(data.choice.trainGroupSize()));
    settings.put(
        "positive_passage_no_shuffle", String.valueOf(data.choice.positivePassageNoShuffle()));
    settings.put(
        "negative_passage_no_shuffle", String.valueOf(data.choice.negativePassageNoShuffle()));
    settings.put("seed", String.valueOf(data.plan.seed()));
    settings.put(
        "per_device_train_batch_size", String.valueOf(data.plan.perDeviceTrainBatchSize()));
    settings.put(
        "gradient_accumulation_steps", String.valueOf(data.plan.gradientAccumulationSteps()));
    settings.put(
        "length",
        data.plan.maxSteps() > 0
            ? "max_steps " + data.plan.maxSteps()
            : "num_train_epochs " + data.plan.numTrainEpochs());
    settings.put("dataset_shuffle", String.valueOf(data.plan.datasetShuffle()));
    if (data.plan.dataSeed() != data.plan.seed()) {
      settings.put("data_seed", String.valueOf(data.plan.dataSeed()));
    }
    if (data.plan.dropLast()) {
      settings.put("dataloader_drop_last", "true");
    }
    settings.put("query_prefix", prompt.queryPrefix());
    settings.put("passage_prefix", prompt.passagePrefix());
    settings.put("rerank_max_len", String.valueOf(prompt.maxLength()));
    settings.put("append_eos_token", String.valueOf(prompt.appendEos()));
    settings.put("learning_rate", String.valueOf(rate.peak));
    settings.put("lr_scheduler_type", rate.schedule.word());
    settings.put("warmup", rate.warmupSteps + " steps, ratio " + rate.warmupRatio);
    settings.put("optimizer", optimizer.toString());
    settings.put("dtype", compute.dtype.toString());
    settings.put("workers", String.valueOf(compute.workers));
    return settings;
  }
}
