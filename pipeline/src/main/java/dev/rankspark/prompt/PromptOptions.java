package dev.rankspark.prompt;

import dev.rankspark.OptionException;
import java.util.LinkedHashMap;
import java.util.Map;

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
    String queryPrefix, String passagePrefix, int maxLength, boolean appendEos) implements Prompt {

  /** Tevatron's default of {@code --rerank-max-len}. */
  public static final int DEFAULT_MAX_LENGTH = 512;

  public PromptOptions {
    if (maxLength < 3) { // <s>, one token, </s>
      throw OptionException.of("--rerank-max-len: expected at least 3 tokens, got %d", maxLength);
    }
  }

  /** Tevatron's defaults, without prefixes. */
  public static PromptOptions plain() {
    return new PromptOptions("", "", DEFAULT_MAX_LENGTH, /* appendEos= */ false);
  }

  /** Whether anything but the length was asked for. */
  public boolean isGiven() {
    return !queryPrefix.isEmpty() || !passagePrefix.isEmpty() || appendEos;
  }

  @Override
  public PairFormat format() {
    return new PairText(queryPrefix, passagePrefix);
  }

  @Override
  public Map<String, Object> settings() {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("query prefix", queryPrefix);
    settings.put("passage prefix", passagePrefix);
    settings.put("max length", maxLength);
    settings.put("append eos", appendEos);
    return settings;
  }
}
