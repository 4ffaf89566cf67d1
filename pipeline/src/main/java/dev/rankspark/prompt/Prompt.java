package dev.rankspark.prompt;

import java.io.Serializable;
import java.util.Map;

/** How a pair becomes tokens: which text it is made to, and which tokens of that a model sees. */
public sealed interface Prompt extends Serializable
    permits PromptOptions, FramedPrompt, MxbaiPrompt, WholePrompt, PairPrompt {

  /** What makes a pair's text. */
  PairFormat format();

  /** The longest pair in tokens, special tokens included. */
  int maxLength();

  /** All that decides tokens, by name, in an order that never changes. */
  Map<String, Object> settings();
}
