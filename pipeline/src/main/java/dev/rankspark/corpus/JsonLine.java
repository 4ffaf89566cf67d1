package dev.rankspark.corpus;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.corpus.TextLines.TextLine;
import dev.rankspark.python.PythonJson;
import dev.rankspark.run.Ids;

/** One JSON object of a JSON lines file, its fields read with errors that name file and line. */
record JsonLine(TextLine line, JsonFields fields) {

  static JsonLine parse(TextLine line) {
    return new JsonLine(line, JsonFields.parse(line, line.text()));
  }

  /** As {@link JsonFields#required(String)}. */
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

  /** As {@link #id(String)}, by any of the field's names. */
  String id(Field field) {
    return line.id(fields.name(field), fields.required(field));
  }

  /** As {@link JsonFields#required(Field)}. */
  String required(Field field) {
    return fields.required(field);
  }

  /** A passage with all its fields, of which docid and text have Tevatron's names. */
  String record() {
    String docid = fields.name(Field.DOCID);
    String text = fields.name(Field.TEXT);
    if (!fields.object().has(text)) {
      fields.required(Field.TEXT); // which says what there is
    }
    if (docid.equals(Field.DOCID.ours()) && text.equals(Field.TEXT.ours())) {
      return line.text();
    }
    ObjectNode record = JsonNodeFactory.instance.objectNode();
    fields
        .object()
        .fields()
        .forEachRemaining(
            field -> {
              String name = field.getKey();
              record.set(
                  name.equals(docid)
                      ? Field.DOCID.ours()
                      : name.equals(text) ? Field.TEXT.ours() : name,
                  field.getValue());
            });
    return PythonJson.dumps(record);
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
