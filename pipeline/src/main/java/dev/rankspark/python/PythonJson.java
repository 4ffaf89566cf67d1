package dev.rankspark.python;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Iterator;
import java.util.Map;

/**
 * JSON as Python's {@code json.dumps} writes it with its defaults, so that our files equal
 * Tevatron's byte for byte.
 */
public final class PythonJson {
  private PythonJson() {}

  public static String dumps(JsonNode node) {
    StringBuilder out = new StringBuilder();
    write(node, out);
    return out.toString();
  }

  private static void write(JsonNode node, StringBuilder out) {
    switch (node.getNodeType()) {
      case OBJECT -> {
        String separator = "{";
        for (Iterator<Map.Entry<String, JsonNode>> fields = node.fields(); fields.hasNext(); ) {
          Map.Entry<String, JsonNode> field = fields.next();
          out.append(separator);
          quote(field.getKey(), out);
          out.append(": ");
          write(field.getValue(), out);
          separator = ", ";
        }
        out.append(node.isEmpty() ? "{}" : "}");
      }
      case ARRAY -> {
        String separator = "[";
        for (JsonNode element : node) {
          out.append(separator);
          write(element, out);
          separator = ", ";
        }
        out.append(node.isEmpty() ? "[]" : "]");
      }
      case STRING -> quote(node.textValue(), out);
      case NUMBER ->
          out.append(node.isFloatingPointNumber() ? number(node.doubleValue()) : node.asText());
      default -> out.append(node.asText()); // true, false, null
    }
  }

  /** What is no number goes beyond JSON, as Python's does. */
  private static String number(double value) {
    if (Double.isFinite(value)) {
      return PythonFloat.repr(value);
    }
    return Double.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  }

  /**
   * {@code ensure_ascii}: everything beyond ASCII, and the controls, as {@code \\u} with four
   * lower-case digits.
   */
  private static void quote(String text, StringBuilder out) {
    out.append('"');
    int plain = 0; // from where on nothing needs another form
    int length = text.length();
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
        continue;
      }
      out.append(text, plain, i);
      plain = i + 1;
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\f' -> out.append("\\f");
        case '\b' -> out.append("\\b");
        default -> {
          out.append("\\u");
          String digits = Integer.toHexString(c);
          out.append("0".repeat(4 - digits.length())).append(digits);
        }
      }
    }
    out.append(text, plain, length).append('"');
  }
}
