package dev.rankspark.score;

import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.model.CrossEncoder;
import dev.rankspark.model.Hardware;
import dev.rankspark.model.LlamaConfig;
import dev.rankspark.prompt.PairEncoder;
import dev.rankspark.prompt.Pooling;
import dev.rankspark.run.ShownPath;
import dev.rankspark.score.ScoreOptions.ModelPaths;
import java.io.IOException;
import java.nio.LongBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Pair texts to scores on one device: tokenizer, batch plan and model. Serves several threads. */
public final class Scorer implements AutoCloseable {
  private final PairEncoder tokenizer;
  private final CrossEncoder model;
  private final int batchRows;
  private final int batchTokens;

  private Scorer(PairEncoder tokenizer, CrossEncoder model, int batchRows, int batchTokens) {
    this.tokenizer = tokenizer;
    this.model = model;
    this.batchRows = batchRows;
    this.batchTokens = batchTokens;
  }

  /**
   * The scores of a list of texts.
   *
   * @param scores one per text, in their order
   * @param tokens tokens of all texts
   * @param computedTokens tokens that went through the model; the others are those of a text that
   *     is there twice, or begin another text of the batch too
   * @param longest tokens of the longest text
   * @param truncated texts that were cut at {@code --rerank-max-len}
   * @param tokenizeSeconds spent on the tokenizer
   * @param planSeconds spent on the batch plan
   */
  public record Scores(
      float[] scores,
      long tokens,
      long computedTokens,
      int longest,
      long truncated,
      double tokenizeSeconds,
      double planSeconds) {}

  /**
   * A checkpoint that can be scored with.
   *
   * @param options with the directories found, absolute: executors have another working directory
   * @param config the model's shape
   */
  public record Checked(ScoreOptions options, LlamaConfig config) {
    /** The options with all that is decided once for a whole job, when the device is known. */
    public ScoreOptions decided(Hardware hardware) {
      return options.batchTokens() == null
          ? options.withBatchTokens(BatchTokens.byShape(config, hardware))
          : options;
    }
  }

  /** Everything of a checkpoint that can be checked without reading its weights. */
  private record Opened(
      RerankerCheckpoint checkpoint,
      LlamaConfig config,
      ModelDirectory tokenizer,
      Pooling pooling) {}

  private static Opened open(ScoreOptions options, Configuration hadoop) {
    ModelPaths paths = options.model();
    RerankerCheckpoint checkpoint =
        RerankerCheckpoint.open(
            paths.model(),
            Optional.ofNullable(paths.lora()),
            Optional.ofNullable(paths.base()),
            hadoop);
    LlamaConfig config =
        LlamaConfig.parse(
            checkpoint.config(),
            checkpoint.base().path() + "/config.json",
            options.prompt().maxLength());
    ModelDirectory tokenizer =
        paths.tokenizer() == null
            ? checkpoint.tokenizerDirectory()
            : ModelDirectory.open(paths.tokenizer(), "--tokenizer-name", hadoop);
    return new Opened(checkpoint, config, tokenizer, pooling(checkpoint));
  }

  private static Pooling pooling(RerankerCheckpoint checkpoint) {
    if (!checkpoint.isBackbone()) {
      return Pooling.LAST_BEFORE_PADDING;
    }
    return switch (checkpoint.pooling()) {
      case "last" -> Pooling.LAST;
      case "cls" -> Pooling.FIRST;
      default ->
          throw InputException.of(
              "reranker_config.json: reranker_pooling \"%s\" is not supported; supported: last, cls",
              checkpoint.pooling());
    };
  }

  /**
   * Checks a checkpoint without reading its weights: files, configuration, names and shapes of all
   * tensors, tokenizer.
   *
   * @throws InputException naming what is wrong
   */
  public static Checked check(ScoreOptions options, Configuration hadoop) {
    Opened opened = open(options, hadoop);
    opened.checkpoint.bind(opened.config.weightShapes());
    PairEncoder.load(opened.tokenizer, options.prompt(), opened.pooling).close();
    ModelPaths paths = options.model();
    String base = opened.checkpoint.base().path();
    ModelPaths found =
        new ModelPaths(
            absolute(paths.model(), hadoop),
            paths.lora() == null ? null : absolute(paths.lora(), hadoop),
            base.equals(paths.model()) ? null : absolute(base, hadoop),
            absolute(opened.tokenizer.path(), hadoop));
    return new Checked(options.withModel(found), opened.config);
  }

  private static String absolute(String path, Configuration hadoop) {
    Path given = new Path(path);
    try {
      return ShownPath.of(given.getFileSystem(hadoop).makeQualified(given));
    } catch (IOException e) {
      throw new InputException(path + " cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Loads tokenizer and model.
   *
   * @param options as {@link Checked#decided} gives them
   * @param assigned the GPU that Spark assigned to this task
   * @param threads libtorch's threads
   */
  public static Scorer load(
      ScoreOptions options,
      Hardware hardware,
      OptionalInt assigned,
      int threads,
      Configuration hadoop) {
    Opened opened = open(options, hadoop);
    CrossEncoder model =
        CrossEncoder.load(
            opened.checkpoint,
            opened.config,
            hardware,
            hardware.device(assigned),
            options.prompt().maxLength(),
            threads);
    try {
      return new Scorer(
          PairEncoder.load(opened.tokenizer, options.prompt(), opened.pooling),
          model,
          options.batchRows(),
          options.batchTokens());
    } catch (RuntimeException e) {
      model.close(); // gigabytes
      throw e;
    }
  }

  /**
   * Scores texts. Texts of the same tokens are scored once: a product's last bit may depend on the
   * row that a text stands in, and equal texts are to have equal scores.
   *
   * @param threads libtorch's threads
   */
  public Scores score(List<String> texts, int threads) {
    long start = System.nanoTime();
    List<PairEncoder.Tokens> encoded = tokenizer.encode(texts);
    long tokenized = System.nanoTime();
    Map<LongBuffer, Integer> numbers = new LinkedHashMap<>();
    int[] numberOfText = new int[encoded.size()];
    long tokens = 0;
    long truncated = 0;
    int longest = 0;
    for (int text = 0; text < numberOfText.length; text++) {
      PairEncoder.Tokens ids = encoded.get(text);
      int next = numbers.size();
      numberOfText[text] = numbers.computeIfAbsent(LongBuffer.wrap(ids.ids()), key -> next);
      tokens += ids.ids().length;
      longest = Math.max(longest, ids.ids().length);
      truncated += ids.truncated() ? 1 : 0;
    }
    List<long[]> distinctTexts = numbers.keySet().stream().map(LongBuffer::array).toList();
    BatchPlan.Plan plan = BatchPlan.plan(distinctTexts, batchRows, batchTokens);
    long planned = System.nanoTime();
    float[] distinct = scoreDistinct(distinctTexts, plan, threads);
    float[] scores = new float[numberOfText.length];
    for (int text = 0; text < scores.length; text++) {
      scores[text] = distinct[numberOfText[text]];
    }
    return new Scores(
        scores,
        tokens,
        plan.computedTokens(),
        longest,
        truncated,
        (tokenized - start) / 1e9,
        (planned - tokenized) / 1e9);
  }

  /** Scores a batch plan's batches, in its order. */
  private float[] scoreDistinct(List<long[]> texts, BatchPlan.Plan plan, int threads) {
    float[] scores = new float[texts.size()];
    for (BatchPlan.Batch batch : plan.batches()) {
      float[] batchScores = model.score(BatchPlan.packed(batch, texts), threads);
      int[] rows = batch.texts();
      for (int row = 0; row < rows.length; row++) {
        scores[rows[row]] = batchScores[row];
      }
    }
    return scores;
  }

  @Override
  public void close() {
    tokenizer.close();
    model.close();
  }
}
