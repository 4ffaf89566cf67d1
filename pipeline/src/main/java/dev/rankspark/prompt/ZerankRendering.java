package dev.rankspark.prompt;

import dev.rankspark.python.PythonText;
import java.util.Map;

/**
 * zerank-1's: the query is the system's turn and the document the user's, both cut by characters
 * and stripped ({@code modeling_zeranker.py} of zerank-1-small).
 */
public enum ZerankRendering implements WholePrompt.Rendering {
  ZERANK_1;

  private static final int QUERY = 2_000;
  private static final int DOCUMENT = 10_000;

  @Override
  public String render(String query, String document) {
    return "<|im_start|>system\n"
        + part(query, QUERY)
        + "<|im_end|>\n<|im_start|>user\n"
        + part(document, DOCUMENT)
        + "<|im_end|>\n<|im_start|>assistant\n";
  }

  /** Python counts code points. */
  private static String part(String text, int most) {
    boolean isShort = text.codePointCount(0, text.length()) <= most;
    return PythonText.strip(isShort ? text : text.substring(0, text.offsetByCodePoints(0, most)));
  }

  @Override
  public Map<String, Object> settings() {
    return Map.of("prompt", "zerank-1");
  }
}
