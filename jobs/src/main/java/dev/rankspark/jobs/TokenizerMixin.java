package dev.rankspark.jobs;

import java.util.Optional;
import picocli.CommandLine.Option;

/** Which tokenizer is used. */
final class TokenizerMixin {
  @Option(
      names = "--tokenizer-name",
      paramLabel = "NAME",
      description = "the tokenizer (default: the model's)")
  private Optional<String> name;

  /** Empty for the model's own. */
  Optional<String> name() {
    return name;
  }
}
