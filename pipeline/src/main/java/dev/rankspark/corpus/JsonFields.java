package dev.rankspark.corpus;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;

/** The fields of a JSON object, read with errors that say where it stands. */
record JsonFields(Located where, ObjectNode object) {
  private static final ObjectReader READER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build()
          .readerFor(JsonNode.class);

  static JsonFields parse(Located where, String text) {
    try {
      JsonNode node = READER.readTree(text);
      if (node instanceof ObjectNode object) {
        return new JsonFields(where, object);
      }
      throw where.wrong("expected a JSON object, got " + node.getNodeType());
    } catch (JsonProcessingException e) {
      throw where.wrong("broken JSON: " + e.getOriginalMessage());
    }
  }

  /**
   * A text, or a number as text: ids are numbers in some data sets, and Tevatron takes their {@code
   * str}.
   */
  String required(String field) {
    JsonNode value = object.path(field);
    if (!value.isTextual() && !value.isNumber()) {
      throw where.wrong(
          "expected a text in \"" + field + "\", got " + (value.isMissingNode() ? "none" : value));
    }
    String text = value.asText();
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      // Python reads it, but no tokenizer and no file takes it; Java would make a question mark.
      throw where.wrong(
          "expected Unicode text in \""
              + field
              + "\", got half a surrogate pair (\\ud800-\\udfff)");
    }
    return text;
  }

  /** As {@link #required}, empty where the field is absent or null. */
  String orEmpty(String field) {
    return object.hasNonNull(field) ? required(field) : "";
  }

  /** A finite number, null where the field is absent or null. */
  Double numberOrNull(String field) {
    JsonNode value = object.path(field);
    if (value.isMissingNode() || value.isNull()) {
      return null;
    }
    if (!value.isNumber() || !Double.isFinite(value.asDouble())) {
      throw where.wrong("expected a finite number in \"" + field + "\", got " + value);
    }
    return value.asDouble();
  }
}
