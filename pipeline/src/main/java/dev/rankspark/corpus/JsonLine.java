package dev.rankspark.corpus;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.corpus.TextLines.TextLine;
import dev.rankspark.python.PythonJson;
import dev.rankspark.run.Ids;
import java.util.Map;

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

  /**
   * A passage with all its fields as JSON of Python's, of which docid and text have Tevatron's
   * names, the docid is a text and a title that is {@code NaN} is null.
   */
  String record() {
    String docid = fields.name(Field.DOCID);
    String text = fields.name(Field.TEXT);
    if (!fields.object().has(text)) {
      fields.required(Field.TEXT); // which says what there is
    }
    String id = fields.required(docid);
    ObjectNode record = fields.object();
    if (!docid.equals(Field.DOCID.ours()) || !text.equals(Field.TEXT.ours())) {
      record = JsonNodeFactory.instance.objectNode();
      for (var all = fields.object().fields(); all.hasNext(); ) {
        Map.Entry<String, JsonNode> field = all.next();
        String name = field.getKey();
        record.set(
            name.equals(docid) ? Field.DOCID.ours() : name.equals(text) ? Field.TEXT.ours() : name,
            field.getValue());
      }
    }
    record.put(Field.DOCID.ours(), id);
    if (record.path(Pairs.TITLE).isFloatingPointNumber()
        && Double.isNaN(record.get(Pairs.TITLE).doubleValue())) {
      record.putNull(Pairs.TITLE);
    }
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
