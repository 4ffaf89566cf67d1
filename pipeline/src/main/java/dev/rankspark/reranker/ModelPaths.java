package dev.rankspark.reranker;

import java.util.Optional;

/**
 * The directories of a checkpoint, on any Hadoop path that every executor can read.
 *
 * @param model {@code --model-name-or-path}: a whole model, or an adapter that names its base
 * @param lora {@code --lora-name-or-path}: an adapter to merge
 * @param base {@code --base-model-name-or-path}: where the base of an adapter lies, if not where
 *     the adapter says
 * @param tokenizer {@code --tokenizer-name}, if not the model's own
 */
public record ModelPaths(
    String model, Optional<String> lora, Optional<String> base, Optional<String> tokenizer) {

  /** A model, or an adapter that names its base, with all in it that belongs to it. */
  public static ModelPaths of(String model) {
    return new ModelPaths(model, Optional.empty(), Optional.empty(), Optional.empty());
  }
}
