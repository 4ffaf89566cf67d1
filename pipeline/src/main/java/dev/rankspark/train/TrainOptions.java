package dev.rankspark.train;

import dev.rankspark.OptionException;
import dev.rankspark.files.InputPaths;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import dev.rankspark.model.TrainableEncoder.AdamW;
import dev.rankspark.model.TrainedParameters;
import dev.rankspark.prompt.PromptOptions;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * How a reranker is trained, in the words of Tevatron ({@code tevatron/reranker/arguments.py}) and
 * of transformers' {@code TrainingArguments}, with their defaults.
 *
 * @param model the base's directories
 * @param trained which weights change
 * @param data what is trained on
 * @param prompt how a pair becomes tokens
 * @param rate the learning rate's course
 * @param optimizer AdamW and the clipping of gradients
 * @param compute what is computed where
 * @param output what is written and when
 * @param evaluation what is measured while training, if anything
 */
public record TrainOptions(
    Model model,
    Trained trained,
    Data data,
    PromptOptions prompt,
    Rate rate,
    AdamW optimizer,
    Compute compute,
    Output output,
    Optional<Evaluation> evaluation) {

  /**
   * The directories, on any Hadoop path that every executor can read.
   *
   * @param path {@code --model-name-or-path}
   * @param tokenizer {@code --tokenizer-name}; the same as {@code path} for the model's own
   */
  public record Model(String path, String tokenizer) implements Serializable {
    /** Likewise, where the folders are on this machine. */
    Model at(UnaryOperator<String> folders) {
      return new Model(folders.apply(path), folders.apply(tokenizer));
    }
  }

  /** Which weights are trained. */
  public sealed interface Trained extends Serializable {

    /** How LoRA is set; empty where every weight is trained. */
    Optional<Lora> factors();

    /** The directory of an adapter to go on from. */
    Optional<String> adapter();

    /** Likewise, where the folders are on this machine. */
    default Trained at(UnaryOperator<String> folders) {
      return this;
    }

    /** Without {@code --lora}: every weight. */
    record AllWeights() implements Trained {
      @Override
      public Optional<Lora> factors() {
        return Optional.empty();
      }

      @Override
      public Optional<String> adapter() {
        return Optional.empty();
      }
    }

    /** {@code --lora}: an adapter that begins as PEFT begins one. */
    record NewAdapter(Lora lora) implements Trained {
      @Override
      public Optional<Lora> factors() {
        return Optional.of(lora);
      }

      @Override
      public Optional<String> adapter() {
        return Optional.empty();
      }
    }

    /**
     * {@code --lora-name-or-path}: an adapter to go on from.
     *
     * @param lora of which the dropout counts; the adapter has its own rank, scaling and modules
     */
    record GivenAdapter(String path, Lora lora) implements Trained {
      @Override
      public Optional<Lora> factors() {
        return Optional.of(lora);
      }

      @Override
      public Optional<String> adapter() {
        return Optional.of(path);
      }

      @Override
      public Trained at(UnaryOperator<String> folders) {
        return new GivenAdapter(folders.apply(path), lora);
      }
    }
  }

  /**
   * LoRA (arXiv:2106.09685).
   *
   * @param r {@code --lora-r}
   * @param alpha {@code --lora-alpha}
   * @param dropout {@code --lora-dropout}
   * @param targetModules {@code --lora-target-modules}: some of {@link TrainedParameters#MODULES}
   */
  public record Lora(int r, double alpha, double dropout, List<String> targetModules)
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

    /** The same of another data set. */
    public Data withDataset(InputPaths other) {
      return new Data(other, corpus, choice, plan);
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
   * @param saveTotalLimit {@code --save-total-limit}: the most checkpoints that are kept, or {@link
   *     #NO_LIMIT}
   * @param begin {@code --resume-from-checkpoint}
   */
  public record Output(
      String directory,
      boolean overwrite,
      Interval logging,
      boolean logsFirstStep,
      Interval saving,
      int saveTotalLimit,
      Begin begin)
      implements Serializable {
    public static final int DEFAULT_LOGGING_STEPS = 500;
    public static final int DEFAULT_SAVE_STEPS = 500;

    /** All checkpoints are kept. */
    public static final int NO_LIMIT = Integer.MAX_VALUE;

    public Output {
      if (saveTotalLimit < 1) {
        throw OptionException.of("--save-total-limit: expected at least 1, got %d", saveTotalLimit);
      }
    }
  }

  /** Where a training begins. */
  public sealed interface Begin extends Serializable {

    /** At its first step. */
    record Anew() implements Begin {}

    /** At the newest whole checkpoint of the output directory. */
    record Newest() implements Begin {}

    /** At a checkpoint, if the output directory has none that is newer. */
    record Checkpoint(String path) implements Begin {}

    /** Whether there is a checkpoint to go on from. */
    default boolean resumes() {
      return !(this instanceof Anew);
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
  public record Evaluation(InputPaths dataset, String qrels, Interval interval, boolean keepBest) {
    /** The same by other judgements. */
    public Evaluation withQrels(String other) {
      return new Evaluation(dataset, other, interval, keepBest);
    }
  }

  /** These options with what is read from other places. */
  public TrainOptions with(
      Model otherModel,
      Trained otherTrained,
      Data otherData,
      Optional<Evaluation> otherEvaluation) {
    return new TrainOptions(
        otherModel,
        otherTrained,
        otherData,
        prompt,
        rate,
        optimizer,
        compute,
        output,
        otherEvaluation);
  }

  /** These options with the LoRA settings that count. */
  TrainOptions withTrained(Trained other) {
    return new TrainOptions(
        model, other, data, prompt, rate, optimizer, compute, output, evaluation);
  }

  /** All paths that are read, as they were given. */
  List<String> inputs() {
    List<String> inputs = new ArrayList<>(List.of(model.path, model.tokenizer));
    trained.adapter().ifPresent(inputs::add);
    inputs.addAll(data.dataset.paths());
    inputs.addAll(data.corpus.paths());
    evaluation.ifPresent(
        asked -> {
          inputs.addAll(asked.dataset.paths());
          inputs.add(asked.qrels);
        });
    return inputs;
  }
}
