package dev.rankspark.score;

import dev.rankspark.OptionException;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import dev.rankspark.prompt.PromptOptions;
import java.io.Serializable;

/**
 * How pairs are scored. Two runs with equal options, equal pairs and the same kind of device give
 * the same bytes.
 *
 * @param model the checkpoint's directories
 * @param prompt how a pair becomes tokens
 * @param dtype {@code --dtype}; null is {@code auto}, what the device does best
 * @param device {@code --device}: {@code auto}, {@code cpu}, {@code cuda} or {@code cuda:N}
 * @param batchRows {@code --per-device-eval-batch-size}: the most texts in one batch
 * @param batchTokens {@code --max-batch-tokens}: the most tokens computed in one batch; null leaves
 *     it to the model's shape and the device, {@link BatchTokens}
 * @param partitions {@code --partitions}: tasks to spread the pairs over; 0 leaves it to the number
 *     of pairs
 */
public record ScoreOptions(
    ModelPaths model,
    PromptOptions prompt,
    Dtype dtype,
    String device,
    int batchRows,
    Integer batchTokens,
    int partitions)
    implements Serializable {

  /**
   * The example's {@code --per-device-eval-batch-size}; batches are bounded by their tokens as
   * well.
   */
  public static final int DEFAULT_BATCH_ROWS = 64;

  /**
   * The directories of a checkpoint, on any Hadoop path that every executor can read.
   *
   * @param model {@code --model-name-or-path}: a whole model, or an adapter that names its base
   * @param lora {@code --lora-name-or-path}: an adapter to merge; may be null
   * @param base {@code --base-model-name-or-path}: where the base of an adapter lies; may be null
   * @param tokenizer {@code --tokenizer-name}; null for the model's own
   * @param fingerprint of all files in the directories as they were checked, so that executors tell
   *     a model from another one that has taken its place; empty before that
   */
  public record ModelPaths(
      String model, String lora, String base, String tokenizer, String fingerprint)
      implements Serializable {

    /** The directories as they were asked for. */
    public ModelPaths(String model, String lora, String base, String tokenizer) {
      this(model, lora, base, tokenizer, "");
    }
  }

  public ScoreOptions {
    Hardware.checkDevice(device);
    if (batchRows < 1) {
      throw OptionException.of(
          "--per-device-eval-batch-size: expected at least 1, got %d", batchRows);
    }
    if (batchTokens != null && batchTokens < 1) {
      throw OptionException.of("--max-batch-tokens: expected at least 1, got %d", batchTokens);
    }
    if (partitions < 0) {
      throw OptionException.of("--partitions: expected at least 1, got %d", partitions);
    }
  }

  /** These options for other directories. */
  ScoreOptions withModel(ModelPaths other) {
    return new ScoreOptions(other, prompt, dtype, device, batchRows, batchTokens, partitions);
  }

  /** These options with the tokens of a batch decided, so that all executors make the same plan. */
  ScoreOptions withBatchTokens(int decided) {
    return new ScoreOptions(model, prompt, dtype, device, batchRows, decided, partitions);
  }
}
