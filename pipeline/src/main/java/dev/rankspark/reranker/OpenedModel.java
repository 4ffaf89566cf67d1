package dev.rankspark.reranker;

import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.checkpoint.Weight;
import dev.rankspark.model.Architecture;
import dev.rankspark.model.DecoderConfig;
import dev.rankspark.prompt.Pooling;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;

/**
 * A checkpoint whose files fit each other: everything that can be checked without reading weights.
 *
 * @param checkpoint its directories
 * @param config the model's shape
 * @param weights of the whole model, by name, each of the shape that the configuration says
 * @param tokenizer the tokenizer's directory
 */
public record OpenedModel(
    RerankerCheckpoint checkpoint,
    DecoderConfig config,
    Map<String, Weight> weights,
    ModelDirectory tokenizer) {

  /** Whether a model without {@code score.weight} is one. */
  public enum Head {
    REQUIRED,
    /** Training makes one. */
    MAY_BE_ABSENT
  }

  /**
   * Finds the files and compares them.
   *
   * @param longest the longest text in tokens that it will see
   * @throws InputException naming what is missing, broken, or does not fit
   */
  public static OpenedModel open(ModelPaths paths, int longest, Head head, Configuration hadoop) {
    RerankerCheckpoint checkpoint =
        RerankerCheckpoint.open(paths.model(), paths.lora(), paths.base(), hadoop);
    DecoderConfig config =
        DecoderConfig.parse(
            checkpoint.config(), checkpoint.base().path() + "/config.json", longest);
    ModelDirectory tokenizer =
        paths.tokenizer().isPresent()
            ? ModelDirectory.open(paths.tokenizer().get(), "--tokenizer-name", hadoop)
            : checkpoint.tokenizerDirectory();
    Map<String, Weight> weights =
        head == Head.REQUIRED
            ? checkpoint.bind(Architecture.of(config).weightShapes())
            : checkpoint.bindForTraining(Architecture.of(config).weightShapes());
    return new OpenedModel(checkpoint, config, weights, tokenizer);
  }

  /** Which token's state the head reads. */
  public Pooling pooling() {
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
}
