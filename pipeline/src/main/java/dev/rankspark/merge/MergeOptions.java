package dev.rankspark.merge;

import dev.rankspark.OptionException;
import dev.rankspark.checkpoint.StorageType;
import dev.rankspark.files.OutputFile.IfExists;
import java.util.Optional;

/**
 * What {@link Merge} does.
 *
 * @param model a whole model, or an adapter that names its base
 * @param lora an adapter for {@code model}
 * @param base the base of the adapter at {@code model}, instead of the one that it names
 * @param output the directory to write
 * @param dtype of the weights that are written; the base's if empty
 * @param shardBytes the most bytes of tensors in a file, from 1 on
 * @param ifExists what to do with a model in {@code output}
 */
public record MergeOptions(
    String model,
    Optional<String> lora,
    Optional<String> base,
    String output,
    Optional<StorageType> dtype,
    long shardBytes,
    IfExists ifExists) {

  /** Reads the {@code --dtype} of stored weights, in PyTorch's spelling. */
  public static StorageType parseDtype(String text) {
    return StorageType.ofTorch(text)
        .filter(StorageType::isWeight)
        .orElseThrow(
            () ->
                OptionException.of(
                    "--dtype: expected float32, bfloat16 or float16, got \"%s\"", text));
  }
}
