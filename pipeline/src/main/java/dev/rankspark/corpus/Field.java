package dev.rankspark.corpus;

import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * What data sets call a field: our own name first, which counts alone where it is there, then those
 * of BEIR and of ir_datasets.
 */
@SuppressWarnings("ImmutableEnumChecker") // a list that cannot change
enum Field {
  QID(Pairs.QID, "_id", "qid", "id"),
  QUERY(Pairs.QUERY, "text"),
  DOCID(Pairs.DOCID, "_id", "doc_id", "id"),
  TEXT(Pairs.TEXT, "body");

  private final List<String> names;

  Field(String... names) {
    this.names = List.of(names);
  }

  /** Tevatron's name. */
  String ours() {
    return names.get(0);
  }

  /**
   * The name that an input has for the field; ours if it has none of them. Of {@code id}, often a
   * mere number of the line, no notice is taken beside another.
   *
   * @param isThere whether the input has a field of a name
   * @param wrong an error about the input
   */
  String in(Predicate<String> isThere, Function<String, RuntimeException> wrong) {
    List<String> found = names.stream().filter(isThere).toList();
    if (found.isEmpty() || found.get(0).equals(ours())) {
      return ours();
    }
    if (found.size() > 1 && !found.get(1).equals("id")) {
      throw wrong.apply(
          "expected one id, got \""
              + found.get(0)
              + "\" and \""
              + found.get(1)
              + "\"; rename the one that runs have to \""
              + ours()
              + "\"");
    }
    return found.get(0);
  }

  /** The names, for messages. */
  String expected() {
    String first = "\"" + ours() + "\"";
    return names.size() == 1
        ? first
        : first + " (or \"" + String.join("\", \"", names.subList(1, names.size())) + "\")";
  }
}
