package dev.rankspark.jobs;

import dev.rankspark.prompt.PromptOptions;
import picocli.CommandLine.Option;

/** The options of how a pair becomes tokens, in Tevatron's words. */
final class PromptMixin {
  @Option(
      names = "--rerank-max-len",
      paramLabel = "N",
      defaultValue = "" + PromptOptions.DEFAULT_MAX_LENGTH,
      description = "cut pairs at N tokens (default ${DEFAULT-VALUE})")
  private int maxLength;

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
    return new PromptOptions(queryPrefix, passagePrefix, maxLength, appendEos);
  }
}
