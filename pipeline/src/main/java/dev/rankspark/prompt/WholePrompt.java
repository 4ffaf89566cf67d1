package dev.rankspark.prompt;

import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A text that is rendered whole and tokenized at once. Where it is too long it is cut, and what
 * stands behind the document is put over its end: {@code restore_suffix} of sentence-transformers
 * from 5.6 on ({@code base/modules/transformer.py}).
 *
 * @param rendering from query and document to the text
 * @param addSpecialTokens whether the tokenizer's own are added
 */
public record WholePrompt(Rendering rendering, boolean addSpecialTokens, int maxLength)
    implements Prompt {

  /** Renders a prompt. */
  public interface Rendering extends Serializable {
    String render(String query, String document);

    /** All that decides the text, by name. */
    Map<String, Object> settings();
  }

  @Override
  public PairFormat format() {
    Rendering whole = rendering;
    return (query, title, text) -> whole.render(query, PairFormat.document(title, text));
  }

  @Override
  public Map<String, Object> settings() {
    Map<String, Object> settings = new LinkedHashMap<>(rendering.settings());
    settings.put("special tokens", addSpecialTokens);
    settings.put("max length", maxLength);
    return settings;
  }
}
