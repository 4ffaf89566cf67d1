package dev.rankspark.score;

import dev.rankspark.OptionException;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.reranker.ModelPaths;
import dev.rankspark.reranker.RecipeOptions;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How pairs are scored. Two runs with equal options, equal pairs and the same kind of device give
 * the same bytes.
 *
 * @param model the checkpoint's directories
 * @param prompt how a pair becomes tokens in Tevatron's way
 * @param recipe what is said of another prompt, and of the head
 * @param dtype {@code --dtype}; not given is {@code auto}, what the device does best
 * @param device {@code --device}: {@code auto}, {@code cpu}, {@code cuda} or {@code cuda:N}
 * @param batchRows {@code --per-device-eval-batch-size}: the most texts in one batch
 * @param batchTokens {@code --max-batch-tokens}: the most tokens computed in one batch; not given
 *     leaves it to the model's shape and the device, {@link BatchTokens}
 * @param partitions {@code --partitions}: tasks to spread the pairs over; not given leaves it to
 *     the number of pairs, or of the session's cores
 */
public record ScoreOptions(
    ModelPaths model,
    PromptOptions prompt,
    RecipeOptions recipe,
    Optional<Dtype> dtype,
    String device,
    int batchRows,
    OptionalInt batchTokens,
    OptionalInt partitions) {

  /**
   * The example's {@code --per-device-eval-batch-size}; batches are bounded by their tokens as
   * well.
   */
  public static final int DEFAULT_BATCH_ROWS = 64;

  public ScoreOptions {
    Hardware.checkDevice(device);
    if (batchRows < 1) {
      throw OptionException.of(
          "--per-device-eval-batch-size: expected at least 1, got %d", batchRows);
    }
    batchTokens.ifPresent(tokens -> checkPositive("--max-batch-tokens", tokens));
    partitions.ifPresent(tasks -> checkPositive("--partitions", tasks));
  }

  /** A model with the defaults of the command line, and the prompt's length. */
  public static ScoreOptions of(ModelPaths model, PromptOptions prompt) {
    return new ScoreOptions(
        model,
        prompt,
        RecipeOptions.ofLength(prompt.maxLength()),
        Optional.empty(),
        "auto",
        DEFAULT_BATCH_ROWS,
        OptionalInt.empty(),
        OptionalInt.empty());
  }

  /** These options with another model. */
  public ScoreOptions withModel(ModelPaths other) {
    return new ScoreOptions(
        other, prompt, recipe, dtype, device, batchRows, batchTokens, partitions);
  }

  /** These options with a dtype, as {@code --dtype} has it. */
  ScoreOptions withDtype(Dtype other) {
    return new ScoreOptions(
        model, prompt, recipe, Optional.of(other), device, batchRows, batchTokens, partitions);
  }

  /** These options on another device. */
  ScoreOptions withDevice(String other) {
    return new ScoreOptions(
        model, prompt, recipe, dtype, other, batchRows, batchTokens, partitions);
  }

  /** These options with so many tasks. */
  ScoreOptions withPartitions(int tasks) {
    return new ScoreOptions(
        model, prompt, recipe, dtype, device, batchRows, batchTokens, OptionalInt.of(tasks));
  }

  private static void checkPositive(String option, int value) {
    if (value < 1) {
      throw OptionException.of("%s: expected at least 1, got %d", option, value);
    }
  }
}
