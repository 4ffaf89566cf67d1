package dev.rankspark.prompt;

import dev.rankspark.python.PythonText;

/**
 * The text of a pair as Tevatron makes it ({@code format_pair} in {@code
 * tevatron/reranker/dataset.py}). The usual prefixes end in a blank and the template adds its own,
 * so two and three blanks in a row are right: models were trained so.
 */
public record PairText(String queryPrefix, String passagePrefix) implements PairFormat {

  /**
   * {@code "{query_prefix} {query} {passage_prefix} {title} {passage}"}, stripped; {@code -} in
   * titles becomes a blank.
   */
  @Override
  public String format(String query, String title, String text) {
    return PythonText.strip(
        queryPrefix
            + ' '
            + query
            + ' '
            + passagePrefix
            + ' '
            + PythonText.strip(title.replace('-', ' '))
            + ' '
            + text);
  }
}
