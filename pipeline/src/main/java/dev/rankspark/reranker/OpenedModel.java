package dev.rankspark.reranker;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.checkpoint.Weight;
import dev.rankspark.model.Architecture;
import dev.rankspark.model.DecoderConfig;
import dev.rankspark.prompt.PairEncoder;
import dev.rankspark.prompt.Pooling;
import dev.rankspark.prompt.PromptOptions;
import java.util.Map;
import java.util.OptionalInt;
import org.apache.hadoop.conf.Configuration;

/**
 * A checkpoint whose files fit each other: everything that can be checked without reading weights.
 *
 * @param checkpoint its directories
 * @param config the model's shape
 * @param weights of the whole model, by name, each of the shape that the configuration says
 * @param tokenizer the tokenizer's directory
 * @param recipe what makes a score beside the weights
 */
public record OpenedModel(
    RerankerCheckpoint checkpoint,
    DecoderConfig config,
    Map<String, Weight> weights,
    ModelDirectory tokenizer,
    Recipe recipe) {

  private static final String PAD = "pad_token_id";

  /** The shortest that {@link PromptOptions} take. */
  private static final int LEAST = 3;

  /** Whether a model without {@code score.weight} is one. */
  public enum Head {
    REQUIRED,
    /** Training makes one. */
    MAY_BE_ABSENT
  }

  /**
   * Finds the files and compares them; for rerankers of Tevatron's kind.
   *
   * @param longest the longest text in tokens that it will see
   * @throws InputException naming what is missing, broken, or does not fit
   */
  public static OpenedModel open(ModelPaths paths, int longest, Head head, Configuration hadoop) {
    Recipe recipe =
        Recipe.of(new PromptOptions("", "", Math.max(longest, LEAST), /* appendEos= */ false));
    RerankerCheckpoint checkpoint = checkpoint(paths, hadoop);
    return open(checkpoint, tokenizer(paths, checkpoint, hadoop), recipe, head);
  }

  /** Likewise of any kind, by a recipe that was found. */
  static OpenedModel open(ModelPaths paths, Recipe recipe, Configuration hadoop) {
    RerankerCheckpoint checkpoint = checkpoint(paths, hadoop);
    return open(checkpoint, tokenizer(paths, checkpoint, hadoop), recipe, Head.REQUIRED);
  }

  /** Likewise, and finds the recipe. */
  static OpenedModel open(
      ModelPaths paths, PromptOptions prompt, RecipeOptions options, Configuration hadoop) {
    RerankerCheckpoint checkpoint = checkpoint(paths, hadoop);
    ModelDirectory tokenizer = tokenizer(paths, checkpoint, hadoop);
    Recipe recipe = Recipes.find(checkpoint, tokenizer, prompt, options);
    return open(checkpoint, tokenizer, recipe, Head.REQUIRED);
  }

  private static RerankerCheckpoint checkpoint(ModelPaths paths, Configuration hadoop) {
    return RerankerCheckpoint.open(paths.model(), paths.lora(), paths.base(), hadoop);
  }

  private static ModelDirectory tokenizer(
      ModelPaths paths, RerankerCheckpoint checkpoint, Configuration hadoop) {
    return paths.tokenizer().isPresent()
        ? ModelDirectory.open(paths.tokenizer().get(), "--tokenizer-name", hadoop)
        : checkpoint.tokenizerDirectory();
  }

  private static OpenedModel open(
      RerankerCheckpoint checkpoint, ModelDirectory tokenizer, Recipe recipe, Head head) {
    DecoderConfig config =
        DecoderConfig.parse(
            checkpoint.config(),
            checkpoint.base().path() + "/config.json",
            recipe.prompt().maxLength());
    Map<String, long[]> shapes = Architecture.of(config).weightShapes();
    Map<String, Weight> weights =
        head == Head.MAY_BE_ABSENT
            ? checkpoint.bindForTraining(shapes)
            : checkpoint.bind(shapes, recipe.head());
    return new OpenedModel(checkpoint, config, weights, tokenizer, recipe);
  }

  /**
   * Loads the tokenizer, as it reads this model's pairs.
   *
   * @throws InputException if there is none, or one that is not supported
   */
  public PairEncoder loadTokenizer() {
    return PairEncoder.load(tokenizer, recipe.prompt(), pooling(), padId());
  }

  /**
   * Tevatron's code sets the model's padding token to the tokenizer's; transformers' own, as
   * sentence-transformers calls it, goes by the model's configuration.
   */
  private OptionalInt padId() {
    JsonNode id = checkpoint.config().path(PAD);
    return isTevatrons() || !id.isInt() ? OptionalInt.empty() : OptionalInt.of(id.intValue());
  }

  private boolean isTevatrons() {
    return recipe.prompt() instanceof PromptOptions;
  }

  /** Which token's state the head reads. */
  private Pooling pooling() {
    if (recipe.head().isPresent()) {
      return Pooling.LAST;
    }
    if (!checkpoint.isBackbone()) {
      return isTevatrons() || checkpoint.config().path(PAD).isInt()
          ? Pooling.LAST_BEFORE_PADDING
          : Pooling.LAST;
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
