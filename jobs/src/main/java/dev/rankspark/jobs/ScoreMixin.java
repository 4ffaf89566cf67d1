package dev.rankspark.jobs;

import dev.rankspark.OptionException;
import dev.rankspark.model.Dtype;
import dev.rankspark.reranker.ModelPaths;
import dev.rankspark.score.ScoreOptions;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of a model and its use, in Tevatron's words. */
final class ScoreMixin {
  private static final String AUTO = "auto";

  @Option(
      names = "--model-name-or-path",
      required = true,
      paramLabel = "NAME",
      description =
          "the reranker, a directory or a name at the hub: a whole model, or an adapter that names"
              + " its base")
  private String model;

  @Option(names = "--lora-name-or-path", paramLabel = "NAME", description = "an adapter to merge")
  private Optional<String> lora;

  @Option(
      names = "--base-model-name-or-path",
      paramLabel = "NAME",
      description = "where the base of an adapter lies, if not where the adapter says")
  private Optional<String> base;

  @Mixin private TokenizerMixin tokenizer;

  @Mixin private PromptMixin prompt;

  @Mixin private RecipeMixin recipe;

  @Option(
      names = "--per-device-eval-batch-size",
      paramLabel = "N",
      defaultValue = "" + ScoreOptions.DEFAULT_BATCH_ROWS,
      description = "the most pairs in one batch (default ${DEFAULT-VALUE})")
  private int batchRows;

  @Option(
      names = "--max-batch-tokens",
      paramLabel = "N",
      description = "the most tokens in one batch (default: by the model's shape and the device)")
  private Optional<Integer> batchTokens;

  @Option(
      names = "--dtype",
      defaultValue = AUTO,
      paramLabel = "DTYPE",
      description =
          "auto, float32, bfloat16, float16 or int8 (default ${DEFAULT-VALUE}: the device's best)")
  private String dtype;

  @Option(names = "--fp16", description = "--dtype float16")
  private boolean fp16;

  @Option(names = "--bf16", description = "--dtype bfloat16")
  private boolean bf16;

  @Mixin private DeviceMixin device;

  @Option(
      names = "--partitions",
      paramLabel = "N",
      description = "tasks to spread the pairs over (default: by their number)")
  private Optional<Integer> partitions;

  ScoreOptions options() {
    return new ScoreOptions(
        new ModelPaths(model, lora, base, tokenizer.name()),
        prompt.options(),
        recipe.options(prompt.maxLength()),
        dtype(),
        device.device(),
        batchRows,
        given(batchTokens),
        given(partitions));
  }

  private static OptionalInt given(Optional<Integer> number) {
    return number.map(OptionalInt::of).orElseGet(OptionalInt::empty);
  }

  /** Empty is {@code auto}. */
  private Optional<Dtype> dtype() {
    if ((fp16 && bf16) || ((fp16 || bf16) && !dtype.equals(AUTO))) {
      throw new OptionException("--dtype, --fp16 and --bf16 exclude each other");
    }
    if (fp16) {
      return Optional.of(Dtype.FLOAT16);
    }
    if (bf16) {
      return Optional.of(Dtype.BFLOAT16);
    }
    return dtype.equals(AUTO) ? Optional.empty() : Optional.of(Dtype.parse(dtype));
  }
}
