package dev.rankspark.jobs;

import dev.rankspark.reranker.RecipeOptions;
import dev.rankspark.reranker.RecipeOptions.Score;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** The options of published prompts, and of heads that are words. */
final class RecipeMixin {
  @Option(
      names = "--prompt",
      paramLabel = "NAME",
      description =
          "the prompt: tevatron, or a publisher's: qwen3-reranker, mxbai-rerank-v2, zerank-1"
              + " (default: what the model's files or its name say)")
  private Optional<String> prompt;

  @Option(
      names = "--instruction",
      paramLabel = "TEXT",
      description = "in place of a published prompt's own instruction")
  private Optional<String> instruction;

  @Option(
      names = "--true-token",
      paramLabel = "WORD",
      description = "the score is the logit of this word, such as yes, at a causal model's end")
  private Optional<String> trueToken;

  @Option(
      names = "--false-token",
      paramLabel = "WORD",
      description = "less the logit of this word, such as no")
  private Optional<String> falseToken;

  @Option(
      names = "--score",
      defaultValue = "raw",
      paramLabel = "raw|published",
      description =
          "raw, or with the publisher's sigmoid and scaling, which rounds the best scores to 1"
              + " (default ${DEFAULT-VALUE})")
  private String score;

  /**
   * @param maxLength {@code --rerank-max-len}, if it was given
   */
  RecipeOptions options(OptionalInt maxLength) {
    return new RecipeOptions(
        prompt, instruction, trueToken, falseToken, maxLength, Score.parse(score));
  }
}
