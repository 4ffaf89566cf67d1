package dev.rankspark.template;

import dev.rankspark.python.PythonFloat;
import dev.rankspark.template.Values.Range;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** {@code json.dumps}, as transformers sets it in place of jinja2's own. */
final class Json {
  private static final int LARGEST_INDENT = 16;

  private final Rendering rendering;
  private final boolean ascii;
  private final boolean sorted;
  private final String indent;
  private final String betweenElements;
  private final String afterKey;
  private final StringBuilder out = new StringBuilder();

  Json(Rendering rendering, Object ascii, Object indent, Object separators, Object sorted) {
    this.rendering = rendering;
    this.ascii = rendering.isTrue(ascii);
    this.sorted = rendering.isTrue(sorted);
    if (indent instanceof String text) {
      this.indent = text;
    } else {
      long spaces = indent == null ? -1 : Math.max(0, rendering.integer(indent));
      if (spaces > LARGEST_INDENT) {
        throw rendering.refused("tojson with an indent above " + LARGEST_INDENT);
      }
      this.indent = spaces < 0 ? null : " ".repeat((int) spaces);
    }
    if (separators == null) {
      this.betweenElements = indent == null ? ", " : ",";
      this.afterKey = ": ";
    } else if (separators instanceof List<?> two && two.size() == 2) {
      this.betweenElements = rendering.text(two.get(0));
      this.afterKey = rendering.text(two.get(1));
    } else {
      throw rendering.failed("separators of tojson are two");
    }
  }

  String dumps(Object value) {
    write(value, 0);
    return rendering.made(out.toString());
  }

  private void write(Object value, int depth) {
    rendering.spend(1);
    if (depth > Rendering.DEEPEST) {
      throw rendering.refused("values nested more than " + Rendering.DEEPEST + " deep");
    }
    if (value instanceof String text) {
      quote(text);
    } else if (value == null) {
      out.append("null");
    } else if (value instanceof Boolean || value instanceof Long) {
      out.append(value);
    } else if (value instanceof Double number) {
      out.append(
          number.isNaN()
              ? "NaN"
              : number.isInfinite()
                  ? (number > 0 ? "Infinity" : "-Infinity")
                  : PythonFloat.repr(number));
    } else if (value instanceof List<?> list && !(value instanceof Range)) {
      List<Runnable> elements = new ArrayList<>();
      list.forEach(element -> elements.add(() -> write(element, depth + 1)));
      write("[", elements, "]", depth);
    } else if (value instanceof Map<?, ?> map) {
      List<Runnable> members = new ArrayList<>();
      Stream<String> keys = map.keySet().stream().map(String.class::cast);
      (sorted ? keys.sorted(Text::compare) : keys)
          .forEach(
              key ->
                  members.add(
                      () -> {
                        quote(key);
                        out.append(afterKey);
                        write(map.get(key), depth + 1);
                      }));
      write("{", members, "}", depth);
    } else {
      throw rendering.failed(Rendering.named(value) + " is no JSON");
    }
  }

  private void write(String open, List<Runnable> members, String close, int depth) {
    out.append(open);
    String separator = "";
    for (Runnable member : members) {
      out.append(separator);
      newLine(depth + 1);
      member.run();
      separator = betweenElements;
    }
    if (!members.isEmpty()) {
      newLine(depth);
    }
    out.append(close);
  }

  private void newLine(int depth) {
    if (indent != null) {
      rendering.spend((long) indent.length() * depth);
      out.append('\n').append(indent.repeat(depth));
    }
  }

  private void quote(String text) {
    rendering.spend(text.length());
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      int simple = "\"\\\n\r\t\f\b".indexOf(c);
      if (simple >= 0) {
        out.append('\\').append("\"\\nrtfb".charAt(simple));
      } else if (c < ' ' || (ascii && c > '~')) {
        out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }
}
