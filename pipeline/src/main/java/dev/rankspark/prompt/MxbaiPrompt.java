package dev.rankspark.prompt;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * mxbai-rerank-v2's, as package {@code mxbai-rerank} 0.1.6 has it ({@code mxbai_rerank_v2.py}):
 * fixed pieces, the query and the document, each tokenized on its own. The query is cut at three
 * quarters of the maximum, then the document; neither counts the fixed pieces.
 *
 * @param instruction before the query, empty for none
 * @param length tokens of query, line break and document together
 * @param positions the model's own maximum, {@code max_position_embeddings}
 */
public record MxbaiPrompt(String instruction, int length, int positions) implements Prompt {
  static final String BEFORE =
      "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful"
          + " assistant.<|im_end|>\n<|im_start|>user\n";

  static final String SEPARATOR = "\n";

  static final String TASK =
      "You are a search relevance expert who evaluates how well documents match search queries. For"
          + " each query-document pair, carefully analyze the semantic relationship between them,"
          + " then provide your binary relevance judgment (0 for not relevant, 1 for"
          + " relevant).\nRelevance:";

  static final String AFTER = "<|im_end|>\n<|im_start|>assistant\n";

  /** More than the fixed pieces have in any tokenizer of bytes. */
  private static final int MOST_FIXED =
      BEFORE.length() + 2 * SEPARATOR.length() + TASK.length() + AFTER.length();

  @Override
  public PairFormat format() {
    String before = (instruction.isEmpty() ? "" : "instruction: " + instruction + "\n") + "query: ";
    return (query, title, text) ->
        new PairParts(before + query, "document: " + PairFormat.document(title, text)).join();
  }

  @Override
  public int maxLength() {
    return (int) Math.min((long) length + MOST_FIXED, positions);
  }

  @Override
  public Map<String, Object> settings() {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("prompt", "mxbai-rerank-v2");
    settings.put("instruction", instruction);
    settings.put("length", length);
    settings.put("positions", positions);
    return settings;
  }
}
