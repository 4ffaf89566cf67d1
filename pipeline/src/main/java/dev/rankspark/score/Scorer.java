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
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Pair texts to scores on one device: tokenizer, batch plan and model. Serves several threads. */
public final class Scorer implements AutoCloseable {
  /**
   * Tokens of a batch on a CPU, padding included: larger ones leave the caches. Measured, design
   * notes.
   */
  private static final int CPU_BATCH_TOKENS = 2_048;

  /** On a GPU, which wants work for all its cores. */
  private static final int GPU_BATCH_TOKENS = 32_768;

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
   * @param truncated texts that were cut at {@code --rerank-max-len}
   */
  public record Scores(float[] scores, long tokens, long truncated) {}

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
   * @return the options with the directories found, absolute: executors have another working
   *     directory
   * @throws InputException naming what is wrong
   */
  public static ScoreOptions check(ScoreOptions options, Configuration hadoop) {
    Opened opened = open(options, hadoop);
    opened.checkpoint.bind(opened.config.weightShapes());
    PairEncoder.load(opened.tokenizer, options.prompt(), opened.pooling).close();
    ModelPaths paths = options.model();
    String base = opened.checkpoint.base().path();
    return options.withModel(
        new ModelPaths(
            absolute(paths.model(), hadoop),
            paths.lora() == null ? null : absolute(paths.lora(), hadoop),
            base.equals(paths.model()) ? null : absolute(base, hadoop),
            absolute(opened.tokenizer.path(), hadoop)));
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
          hardware.cuda() ? GPU_BATCH_TOKENS : CPU_BATCH_TOKENS);
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
    List<PairEncoder.Tokens> encoded = tokenizer.encode(texts);
    Map<LongBuffer, Integer> numbers = new LinkedHashMap<>();
    int[] numberOfText = new int[encoded.size()];
    long tokens = 0;
    long truncated = 0;
    for (int text = 0; text < numberOfText.length; text++) {
      PairEncoder.Tokens ids = encoded.get(text);
      int next = numbers.size();
      numberOfText[text] = numbers.computeIfAbsent(LongBuffer.wrap(ids.ids()), key -> next);
      tokens += ids.ids().length;
      truncated += ids.truncated() ? 1 : 0;
    }
    float[] distinct =
        scoreDistinct(numbers.keySet().stream().map(LongBuffer::array).toList(), threads);
    float[] scores = new float[numberOfText.length];
    for (int text = 0; text < scores.length; text++) {
      scores[text] = distinct[numberOfText[text]];
    }
    return new Scores(scores, tokens, truncated);
  }

  private float[] scoreDistinct(List<long[]> texts, int threads) {
    int[] lengths = texts.stream().mapToInt(ids -> ids.length).toArray();
    float[] scores = new float[lengths.length];
    for (int[] batch : BatchPlan.plan(lengths, batchRows, batchTokens)) {
      float[] batchScores =
          model.score(Arrays.stream(batch).mapToObj(texts::get).toList(), threads);
      for (int row = 0; row < batch.length; row++) {
        scores[batch[row]] = batchScores[row];
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
