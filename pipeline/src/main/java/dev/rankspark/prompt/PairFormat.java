package dev.rankspark.prompt;

import java.io.Serializable;

/**
 * Makes one text of a pair: equal texts have equal tokens and scores, so that scores are kept and
 * texts are computed once by it.
 */
@FunctionalInterface
public interface PairFormat extends Serializable {
  /**
   * The text of a pair.
   *
   * @param title empty for none
   */
  String format(String query, String title, String text);

  /** A passage with its title before it, as BEIR's and MTEB's loaders read a corpus. */
  static String document(String title, String text) {
    return title.isEmpty() ? text : title + " " + text;
  }
}
