package dev.rankspark.prompt;

import dev.rankspark.OptionException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A body between two fixed texts, each tokenized on its own; the body is cut so that all fit. The
 * recipe of Qwen3-Reranker (github.com/QwenLM/Qwen3-Embedding, README, Transformers Usage).
 *
 * @param before the body
 * @param instructionPrefix in the body, before the instruction
 * @param queryPrefix likewise
 * @param documentPrefix likewise
 * @param after the body; never cut
 */
public record FramedPrompt(
    String before,
    String instructionPrefix,
    String queryPrefix,
    String documentPrefix,
    String after,
    String instruction,
    int maxLength)
    implements Prompt {

  public FramedPrompt {
    if (maxLength < 1) {
      throw OptionException.of("--rerank-max-len: expected at least 1 token, got %d", maxLength);
    }
  }

  @Override
  public PairFormat format() {
    String start = instructionPrefix + instruction + queryPrefix;
    String middle = documentPrefix;
    return (query, title, text) -> start + query + middle + PairFormat.document(title, text);
  }

  @Override
  public Map<String, Object> settings() {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("before", before);
    settings.put("instruction prefix", instructionPrefix);
    settings.put("instruction", instruction);
    settings.put("query prefix", queryPrefix);
    settings.put("document prefix", documentPrefix);
    settings.put("after", after);
    settings.put("max length", maxLength);
    return settings;
  }
}
