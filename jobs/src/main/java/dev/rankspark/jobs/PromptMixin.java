package dev.rankspark.jobs;

import dev.rankspark.prompt.PromptOptions;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Option;

/** The options of how a pair becomes tokens, in Tevatron's words. */
final class PromptMixin {
  @Option(
      names = "--rerank-max-len",
      paramLabel = "N",
      description =
          "cut pairs at N tokens (default "
              + PromptOptions.DEFAULT_MAX_LENGTH
              + ", of a published prompt its publisher's)")
  private Optional<Integer> maxLength;

  @Option(
      names = "--query-prefix",
      defaultValue = "",
      paramLabel = "TEXT",
      description = "put before queries, such as \"query: \"")
  private String queryPrefix;

  @Option(
      names = "--passage-prefix",
      defaultValue = "",
      paramLabel = "TEXT",
      description = "put before passages, such as \"document: \"")
  private String passagePrefix;

  @Option(names = "--append-eos-token", description = "end every pair with the tokenizer's </s>")
  private boolean appendEos;

  PromptOptions options() {
    return new PromptOptions(
        queryPrefix, passagePrefix, maxLength.orElse(PromptOptions.DEFAULT_MAX_LENGTH), appendEos);
  }

  /** {@code --rerank-max-len}, if it was given. */
  OptionalInt maxLength() {
    return maxLength.map(OptionalInt::of).orElseGet(OptionalInt::empty);
  }
}
