package dev.rankspark.prompt;

/**
 * A pair whose parts are tokenized each on its own, as one text.
 *
 * @param query and what a prompt has with it
 * @param document likewise
 */
record PairParts(String query, String document) {
  private static final char END = ':';

  /** The query's length is before both, so that no text of a pair can be taken for another's. */
  String join() {
    return Integer.toString(query.length()) + END + query + document;
  }

  static PairParts split(String joined) {
    int end = joined.indexOf(END);
    int length = Integer.parseInt(joined.substring(0, end));
    int document = end + 1 + length;
    return new PairParts(joined.substring(end + 1, document), joined.substring(document));
  }
}
