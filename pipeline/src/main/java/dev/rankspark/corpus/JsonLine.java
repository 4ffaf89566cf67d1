package dev.rankspark.corpus;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.corpus.TextLines.TextLine;
import java.nio.charset.StandardCharsets;

/** One JSON object of a JSON lines file, its fields read with errors that name file and line. */
record JsonLine(TextLine line, ObjectNode object) {
  private static final ObjectReader READER =
      JsonMapper.builder()
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build()
          .readerFor(JsonNode.class);

  static JsonLine parse(TextLine line) {
    try {
      JsonNode node = READER.readTree(line.text());
      if (node instanceof ObjectNode object) {
        return new JsonLine(line, object);
      }
      throw line.wrong("expected a JSON object, got " + node.getNodeType());
    } catch (JsonProcessingException e) {
      throw line.wrong("broken JSON: " + e.getOriginalMessage());
    }
  }

  /**
   * A text, or a number as text: ids are numbers in some data sets, and Tevatron takes their {@code
   * str}.
   */
  String required(String field) {
    JsonNode value = object.path(field);
    if (!value.isTextual() && !value.isNumber()) {
      throw line.wrong(
          "expected a text in \"" + field + "\", got " + (value.isMissingNode() ? "none" : value));
    }
    String text = value.asText();
    // Half of a surrogate pair, which Spark would turn into "?" and Python cannot encode either.
    if (value.isTextual() && !StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw line.wrong("expected text in \"" + field + "\", got half of a surrogate pair in it");
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
      throw line.wrong("expected a finite number in \"" + field + "\", got " + value);
    }
    return value.asDouble();
  }
}
