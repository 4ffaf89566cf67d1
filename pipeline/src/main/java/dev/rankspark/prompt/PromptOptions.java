package dev.rankspark.prompt;

import dev.rankspark.OptionException;
import java.io.Serializable;

/**
 * How a pair becomes tokens, in Tevatron's words ({@code tevatron/reranker/arguments.py}).
 *
 * @param queryPrefix {@code --query-prefix}
 * @param passagePrefix {@code --passage-prefix}
 * @param maxLength {@code --rerank-max-len}: the longest pair in tokens, special tokens included
 * @param appendEos {@code --append-eos-token}: the text is cut one token earlier and {@code </s>}
 *     added
 */
public record PromptOptions(
    String queryPrefix, String passagePrefix, int maxLength, boolean appendEos)
    implements Serializable {

  /** Tevatron's default of {@code --rerank-max-len}. */
  public static final int DEFAULT_MAX_LENGTH = 512;

  public PromptOptions {
    if (maxLength < 3) { // <s>, one token, </s>
      throw OptionException.of("--rerank-max-len: expected at least 3 tokens, got %d", maxLength);
    }
  }
}
