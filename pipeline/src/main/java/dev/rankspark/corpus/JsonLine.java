package dev.rankspark.corpus;

import dev.rankspark.corpus.TextLines.TextLine;
import dev.rankspark.run.Ids;

/** One JSON object of a JSON lines file, its fields read with errors that name file and line. */
record JsonLine(TextLine line, JsonFields fields) {

  static JsonLine parse(TextLine line) {
    return new JsonLine(line, JsonFields.parse(line, line.text()));
  }

  /** As {@link JsonFields#required}. */
  String required(String field) {
    return fields.required(field);
  }

  /**
   * A qid or docid: a text that a run's line can hold.
   *
   * @see Ids
   */
  String id(String field) {
    return line.id(field, required(field));
  }

  /** As {@link JsonFields#orEmpty}. */
  String orEmpty(String field) {
    return fields.orEmpty(field);
  }

  /** As {@link JsonFields#numberOrNull}. */
  Double numberOrNull(String field) {
    return fields.numberOrNull(field);
  }
}
