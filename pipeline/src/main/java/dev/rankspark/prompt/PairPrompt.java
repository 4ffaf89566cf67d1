package dev.rankspark.prompt;

import dev.rankspark.OptionException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Query and document as the two texts of the tokenizer's own pair template, the longer one cut
 * first: what sentence-transformers' {@code CrossEncoder} does without a chat template.
 *
 * @param instruction put before the query, empty for none
 */
public record PairPrompt(String instruction, int maxLength) implements Prompt {
  /** {@code <s> A </s> </s> B </s>}: below the added ones the tokenizers library fails. */
  private static final int LEAST = 6;

  public PairPrompt {
    if (maxLength < LEAST) {
      throw OptionException.of(
          "--rerank-max-len: expected at least %d tokens, got %d", LEAST, maxLength);
    }
  }

  @Override
  public PairFormat format() {
    String before = instruction;
    return (query, title, text) ->
        new PairParts(before + query, PairFormat.document(title, text)).join();
  }

  @Override
  public Map<String, Object> settings() {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("prompt", "pair");
    settings.put("instruction", instruction);
    settings.put("max length", maxLength);
    return settings;
  }
}
