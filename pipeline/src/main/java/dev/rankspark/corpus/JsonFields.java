package dev.rankspark.corpus;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.python.PythonFloat;
import dev.rankspark.python.PythonJson;
import dev.rankspark.python.PythonText;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The fields of a JSON object, read with errors that say where it stands. As Python's {@code json},
 * it knows {@code NaN} and {@code Infinity}; pandas writes {@code NaN} for what is missing, so a
 * text of it is as one that is null.
 */
record JsonFields(Located where, ObjectNode object) {
  /** How much of a broken line a message shows. */
  private static final int SHOWN = 40;

  private static final String CONTROL = "\\p{Cntrl}";

  private static final ObjectReader READER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .build()
          .readerFor(JsonNode.class);

  static JsonFields parse(Located where, String text) {
    try {
      JsonNode node = READER.readTree(text);
      if (node instanceof ObjectNode object) {
        return new JsonFields(where, object);
      }
      if (!node.isArray()) {
        throw where.wrong(
            "expected a JSON object, got "
                + (node.isMissingNode() ? "nothing" : "\"" + shown(text, 0) + "\""));
      }
    } catch (JsonProcessingException e) {
      if (!isArray(text)) {
        throw where.wrong("broken JSON: " + words(e, text));
      }
    }
    throw where.wrong(
        "expected JSON lines, one object on each line, got a JSON array; write its elements one a"
            + " line, such as by jq -c '.[]'");
  }

  /** An object that is known to be one. */
  static ObjectNode object(String json) throws JsonProcessingException {
    return (ObjectNode) READER.readTree(json);
  }

  private static boolean isArray(String text) {
    return PythonText.strip(text).startsWith("[");
  }

  /** What is wrong, not in the words of the library. */
  private static String words(JsonProcessingException e, String text) {
    if (e instanceof JsonEOFException) {
      return "the line ends within a value; expected a whole object on each line";
    }
    if (e instanceof StreamConstraintsException) {
      return "a text, a number or a nesting beyond all measure (20 million characters, a thousand"
          + " digits, a thousand levels)";
    }
    int column = e.getLocation() == null ? 1 : Math.max(1, e.getLocation().getColumnNr());
    return String.format(
        Locale.ROOT,
        "expected an object and nothing else, wrong near column %d: \"%s\"",
        column,
        shown(text, Math.max(0, column - SHOWN / 2)));
  }

  private static String shown(String text, int from) {
    String rest = text.substring(Math.min(from, text.length())).replaceAll(CONTROL, " ");
    return rest.length() <= SHOWN ? rest : rest.substring(0, SHOWN) + "...";
  }

  /** What the object calls a field. */
  String name(Field field) {
    return field.in(object::has, where::wrong);
  }

  /** As {@link #required(String)}, by any of the field's names. */
  String required(Field field) {
    String name = name(field);
    if (!object.has(name)) {
      List<String> names = new ArrayList<>();
      object.fieldNames().forEachRemaining(names::add);
      throw where.wrong(
          "expected a text in "
              + field.expected()
              + ", got none; there is "
              + (names.isEmpty() ? "nothing" : String.join(", ", names).replaceAll(CONTROL, " ")));
    }
    return required(name);
  }

  /**
   * A text, or a number as text: ids are numbers in some data sets, and Tevatron takes their {@code
   * str}.
   */
  String required(String field) {
    JsonNode value = object.path(field);
    boolean isNumber =
        value.isNumber()
            && (!value.isFloatingPointNumber() || Double.isFinite(value.doubleValue()));
    if (!value.isTextual() && !isNumber) {
      throw where.wrong(
          "expected a text in \""
              + field
              + "\", got "
              + (value.isMissingNode() ? "none" : shown(PythonJson.dumps(value), 0)));
    }
    String text =
        value.isFloatingPointNumber() ? PythonFloat.repr(value.doubleValue()) : value.asText();
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      // Python reads it, but no tokenizer and no file takes it; Java would make a question mark.
      throw where.wrong(
          "expected Unicode text in \""
              + field
              + "\", got half a surrogate pair (\\ud800-\\udfff)");
    }
    return text;
  }

  /** As {@link #required}, empty where the field is missing. */
  String orEmpty(String field) {
    return isMissing(field) ? "" : required(field);
  }

  /** A finite number, null where the field is absent or null. */
  Double numberOrNull(String field) {
    JsonNode value = object.path(field);
    if (value.isMissingNode() || value.isNull()) {
      return null;
    }
    if (!value.isNumber() || !Double.isFinite(value.asDouble())) {
      throw where.wrong(
          "expected a finite number in \""
              + field
              + "\", got "
              + shown(PythonJson.dumps(value), 0));
    }
    return value.asDouble();
  }

  /** Whether the field is absent, null or {@code NaN}. */
  boolean isMissing(String field) {
    JsonNode value = object.path(field);
    return value.isMissingNode()
        || value.isNull()
        || (value.isFloatingPointNumber() && Double.isNaN(value.doubleValue()));
  }
}
