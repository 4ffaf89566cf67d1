package dev.rankspark.template;

import dev.rankspark.InputException;
import dev.rankspark.python.PythonFloat;
import dev.rankspark.template.Values.Lazy;
import dev.rankspark.template.Values.Loop;
import dev.rankspark.template.Values.Namespace;
import dev.rankspark.template.Values.Range;
import dev.rankspark.template.Values.Tuple;
import dev.rankspark.template.Values.Undefined;
import dev.rankspark.template.Values.View;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Python's operations on values, for one rendering of a template: it counts what they cost, so that
 * no template runs or grows without an end.
 */
final class Rendering {
  /** Characters and elements that are made, compared or gone through. */
  private static final long MOST_WORK = 1 << 24;

  /** And so many for each of the caller's. */
  private static final long WORK_PER_CHARACTER = 64;

  static final int DEEPEST = 100;
  private static final int LONGEST_RANGE = 100_000; // jinja2.sandbox.MAX_RANGE

  private static final Set<String> OF_STRINGS =
      Set.of(
          ("capitalize casefold center count encode endswith expandtabs find format format_map index"
                  + " isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric"
                  + " isprintable isspace istitle isupper join ljust lower lstrip maketrans"
                  + " partition removeprefix removesuffix replace rfind rindex rjust rpartition"
                  + " rsplit rstrip split splitlines startswith strip swapcase title translate"
                  + " upper zfill")
              .split(" "));
  private static final Set<String> OF_MAPS =
      Set.of("clear copy fromkeys get items keys pop popitem setdefault update values".split(" "));
  private static final Set<String> OF_LISTS =
      Set.of("append clear copy count extend index insert pop remove reverse sort".split(" "));
  private static final Set<String> OF_NUMBERS =
      Set.of(
          ("as_integer_ratio bit_count bit_length conjugate denominator from_bytes fromhex hex imag"
                  + " is_integer numerator real to_bytes")
              .split(" "));

  private final String file;
  final LocalDateTime now;
  private int line = 1;
  private long work = MOST_WORK;

  Rendering(String file, LocalDateTime now) {
    this.file = file;
    this.now = now;
  }

  /** A value of the caller's as one of the template's. */
  Object given(Object value) {
    Object given = Values.of(value);
    work += WORK_PER_CHARACTER * Values.size(given);
    return given;
  }

  void at(int line) {
    this.line = line;
  }

  /** What jinja2 would not do either. */
  InputException failed(String why) {
    return Failures.failed(file, line, why);
  }

  InputException refused(String what) {
    return Failures.refused(file, line, what);
  }

  void spend(long cost) {
    work -= cost;
    if (work < 0) {
      throw refused("it goes on without an end");
    }
  }

  String made(String text) {
    spend(text.length());
    return text;
  }

  List<Object> made(List<Object> list) {
    spend(list.size());
    return list;
  }

  boolean isTrue(Object value) {
    if (value == null || value instanceof Undefined) {
      return false;
    } else if (value instanceof Boolean truth) {
      return truth;
    } else if (value instanceof Number number) {
      return number.doubleValue() != 0;
    } else if (value instanceof String text) {
      return !text.isEmpty();
    } else if (value instanceof Map<?, ?> map) {
      return !map.isEmpty();
    } else if (value instanceof View view) {
      return !view.elements().isEmpty();
    }
    return !(value instanceof List<?> list) || !list.isEmpty();
  }

  static String type(Object value) {
    if (value == null) {
      return "None";
    }
    String name = value.getClass().getSimpleName();
    return switch (value instanceof Map ? "Map" : name) {
      case "Boolean" -> "bool";
      case "Long" -> "int";
      case "Double" -> "float";
      case "String" -> "str";
      case "Map" -> "dict";
      case "Tuple", "Range", "Namespace", "Loop", "View", "Undefined" ->
          name.toLowerCase(Locale.ROOT);
      case "Lazy" -> "generator";
      default -> "list";
    };
  }

  /** The type, with its article. */
  static String named(Object value) {
    if (value == null || value instanceof Undefined) {
      return value == null ? "None" : "what is undefined";
    }
    return (value instanceof Long ? "an " : "a ") + type(value);
  }

  // Members

  Object attribute(Object owner, String name) {
    if (owner instanceof Loop loop) {
      return loop.member(name);
    } else if (owner instanceof Namespace namespace && namespace.members().containsKey(name)) {
      return namespace.members().get(name);
    } else if (owner instanceof Map<?, ?> map && map.containsKey(name) && !OF_MAPS.contains(name)) {
      return map.get(name);
    }
    return missing(owner, name);
  }

  Object item(Object owner, Object key) {
    if (owner instanceof Map<?, ?> map && key instanceof String && map.containsKey(key)) {
      return map.get(key);
    } else if (key instanceof String name && !(owner instanceof Map)) {
      return attribute(owner, name);
    } else if (key instanceof String name) {
      return missing(owner, name);
    } else if ((key instanceof Long || key instanceof Boolean) && !(owner instanceof Map)) {
      List<Object> elements =
          owner instanceof String text
              ? made(Text.characters(text))
              : owner instanceof List<?> list ? cast(list) : List.of();
      long index = integer(key) < 0 ? integer(key) + elements.size() : integer(key);
      if (index >= 0 && index < elements.size()) {
        return elements.get((int) index);
      }
    }
    if (owner instanceof Undefined undefined) {
      throw failed(undefined.what());
    }
    return new Undefined("no element " + repr(key) + " in " + named(owner));
  }

  private Undefined missing(Object owner, String name) {
    if (owner instanceof Undefined undefined) {
      throw failed(undefined.what());
    }
    Set<String> methods =
        owner instanceof String
            ? OF_STRINGS
            : owner instanceof Map
                ? OF_MAPS
                : owner instanceof Range || owner instanceof View || owner instanceof Lazy
                    ? Set.of(name)
                    : owner instanceof List
                        ? OF_LISTS
                        : owner instanceof Number || owner instanceof Boolean
                            ? OF_NUMBERS
                            : Set.of();
    if (methods.contains(name) || name.startsWith("_")) {
      throw refused("\"" + name + "\" of " + named(owner) + " as a value");
    }
    return new Undefined(named(owner) + " has no \"" + name + "\"");
  }

  Object slice(Object owner, Object from, Object to, Object step) {
    if (owner instanceof Undefined undefined) {
      throw failed(undefined.what());
    }
    if (!(owner instanceof String) && !(owner instanceof List)) {
      throw failed(named(owner) + " has no slices");
    }
    if (owner instanceof Range) {
      throw refused("a slice of a range");
    }
    List<Object> elements =
        owner instanceof String text ? Text.characters(text) : cast((List<?>) owner);
    long by = step == null ? 1 : integer(step);
    if (by == 0) {
      throw failed("a slice's step is 0");
    }
    long size = elements.size();
    long first = bound(from, by > 0 ? 0 : size - 1, size, by);
    long last = bound(to, by > 0 ? size : -1, size, by);
    List<Object> slice = new ArrayList<>();
    for (long i = first; by > 0 ? i < last : i > last; i += by) {
      slice.add(elements.get((int) i));
      if (Math.abs(by) > size) {
        break;
      }
    }
    spend(size);
    if (owner instanceof String) {
      return String.join("", slice.toArray(String[]::new));
    }
    return owner instanceof Tuple ? new Tuple(slice) : slice;
  }

  /** Python's {@code PySlice_AdjustIndices}. */
  private long bound(Object given, long otherwise, long size, long step) {
    if (given == null) {
      return otherwise;
    }
    long index = integer(given) < 0 ? integer(given) + size : integer(given);
    return Math.max(step > 0 ? 0 : -1, Math.min(index, step > 0 ? size : size - 1));
  }

  // Elements

  Stream<Object> stream(Object value) {
    return value instanceof Lazy lazy
        ? lazy.use().peek(element -> spend(1))
        : elements(value).stream();
  }

  List<Object> elements(Object value) {
    if (value instanceof String text) {
      return made(Text.characters(text));
    } else if (value instanceof List<?> list) {
      return made(cast(list));
    } else if (value instanceof Map<?, ?> map) {
      return made(new ArrayList<>(map.keySet()));
    } else if (value instanceof View view) {
      return made(view.elements());
    } else if (value instanceof Undefined) {
      return List.of();
    } else if (value instanceof Lazy) {
      return stream(value).toList();
    }
    throw failed(named(value) + " has no elements");
  }

  long length(Object value) {
    if (value instanceof String text) {
      spend(text.length());
      return Text.length(text);
    } else if (value instanceof Map<?, ?> map) {
      return map.size();
    } else if (value instanceof List<?> list) {
      return list.size();
    } else if (value instanceof View || value instanceof Undefined) {
      return elements(value).size();
    } else if (value instanceof Loop loop) {
      return loop.elements().size();
    }
    throw failed(named(value) + " has no length");
  }

  boolean contains(Object owner, Object element) {
    if (owner instanceof String text) {
      if (!(element instanceof String part)) {
        throw failed("a str contains no " + type(element));
      }
      spend(text.length());
      return text.contains(part);
    } else if (owner instanceof Map<?, ?> map) {
      if (element instanceof Map || (element instanceof List && !(element instanceof Tuple))) {
        throw failed(named(element) + " is no key of a dict");
      }
      return map.containsKey(element);
    }
    return stream(owner).anyMatch(other -> other == element || areEqual(other, element));
  }

  List<Object> reversed(Object value) {
    List<Object> elements = new ArrayList<>(elements(value));
    Collections.reverse(elements);
    return elements;
  }

  Range range(List<Object> bounds) {
    long step = bounds.size() == 3 ? integer(bounds.get(2)) : 1;
    if (step == 0) {
      throw failed("a range's step is 0");
    }
    long first = integer(bounds.get(0));
    Range range =
        bounds.size() == 1
            ? new Range(0, first, 1)
            : new Range(first, integer(bounds.get(1)), step);
    if (range.count() > LONGEST_RANGE) {
      throw failed("a range is longer than " + LONGEST_RANGE);
    }
    return range;
  }

  // Comparisons

  boolean areEqual(Object a, Object b) {
    return areEqual(a, b, 0);
  }

  private boolean areEqual(Object a, Object b, int depth) {
    spend(1);
    if (depth > DEEPEST) {
      throw refused("values nested more than " + DEEPEST + " deep");
    }
    if (isNumber(a) && isNumber(b)) {
      return compareNumbers(a, b) == 0 && !isNan(a) && !isNan(b);
    } else if (a instanceof String text && b instanceof String) {
      spend(text.length());
      return a.equals(b);
    } else if (a instanceof Undefined && b instanceof Undefined) {
      return true;
    } else if (a instanceof Map<?, ?> one && b instanceof Map<?, ?> two) {
      return one.size() == two.size()
          && one.keySet().stream()
              .allMatch(
                  key -> two.containsKey(key) && areEqual(one.get(key), two.get(key), depth + 1));
    } else if (a instanceof List<?> one && b instanceof List<?> two && type(a).equals(type(b))) {
      if (one.size() != two.size()) {
        return false;
      }
      for (int i = 0; i < one.size(); i++) {
        if (one.get(i) != two.get(i) && !areEqual(one.get(i), two.get(i), depth + 1)) {
          return false;
        }
      }
      return true;
    } else if (a instanceof View || b instanceof View) {
      throw refused("a comparison of keys, values or items");
    }
    return a == b;
  }

  /** Below, above or 0; for what Python orders. */
  int compare(Object a, Object b) {
    if (a instanceof Undefined || b instanceof Undefined) {
      throw failed((a instanceof Undefined one ? one : (Undefined) b).what());
    } else if (a instanceof String one && b instanceof String two) {
      spend(Math.min(one.length(), two.length()));
      return Text.compare(one, two);
    } else if (isNumber(a) && isNumber(b)) {
      if (isNan(a) || isNan(b)) {
        throw refused("a comparison with nan");
      }
      return compareNumbers(a, b);
    } else if (a instanceof List && b instanceof List) {
      throw refused("an order of lists");
    }
    throw failed(named(a) + " is neither below nor above " + named(b));
  }

  private static boolean isNumber(Object value) {
    return value instanceof Number || value instanceof Boolean;
  }

  private static boolean isNan(Object value) {
    return value instanceof Double number && number.isNaN();
  }

  private int compareNumbers(Object a, Object b) {
    if (a instanceof Double || b instanceof Double) {
      double one = real(a);
      double two = real(b);
      return one < two ? -1 : one > two ? 1 : 0;
    }
    return Long.compare(integer(a), integer(b));
  }

  // Arithmetic

  long integer(Object value) {
    if (value instanceof Boolean truth) {
      return truth ? 1 : 0;
    } else if (value instanceof Long number) {
      return number;
    } else if (value instanceof Undefined undefined) {
      throw failed(undefined.what());
    }
    throw failed("expected an int, found " + named(value));
  }

  /** As a float; a whole number that none holds exactly is refused. */
  double real(Object value) {
    if (value instanceof Double number) {
      return number;
    }
    long whole = integer(value);
    if (Math.abs(whole) > 1L << 53) {
      throw refused("the number " + whole + " as a float");
    }
    return whole;
  }

  Object calculate(String operator, Object a, Object b) {
    if (a instanceof Undefined || b instanceof Undefined) {
      throw failed((a instanceof Undefined one ? one : (Undefined) b).what());
    }
    if (operator.equals("+") && a instanceof String one && b instanceof String two) {
      spend(one.length() + (long) two.length());
      return one + two;
    } else if (operator.equals("+")
        && a instanceof List<?> one
        && b instanceof List<?> two
        && type(a).equals(type(b))
        && !(a instanceof Range)) {
      List<Object> sum = new ArrayList<>(elements(one));
      sum.addAll(elements(two));
      return a instanceof Tuple ? new Tuple(sum) : sum;
    } else if (repeatsOrFormats(operator, a, b)) {
      throw refused("\"" + operator + "\" of " + named(a) + " and " + named(b));
    } else if (!isNumber(a) || !isNumber(b)) {
      throw failed("no \"" + operator + "\" of " + named(a) + " and " + named(b));
    }
    boolean divides = operator.equals("/") || operator.equals("//") || operator.equals("%");
    if (divides && compareNumbers(b, 0L) == 0) {
      throw failed("a division by 0");
    }
    if (a instanceof Double || b instanceof Double || operator.equals("/")) {
      double one = real(a);
      double two = real(b);
      return switch (operator) {
        case "+" -> one + two;
        case "-" -> one - two;
        case "*" -> one * two;
        case "/" -> one / two;
        default -> throw refused("\"" + operator + "\" of a float");
      };
    }
    try {
      long one = integer(a);
      long two = integer(b);
      return switch (operator) {
        case "+" -> Math.addExact(one, two);
        case "-" -> Math.subtractExact(one, two);
        case "*" -> Math.multiplyExact(one, two);
        case "//" -> Math.floorDiv(one, two);
        default -> Math.floorMod(one, two);
      };
    } catch (ArithmeticException e) {
      throw refused("whole numbers of more than 64 bits");
    }
  }

  /** What {@code *} and {@code %} are of texts and lists. */
  private static boolean repeatsOrFormats(String operator, Object a, Object b) {
    boolean first = a instanceof String || a instanceof List;
    boolean second = b instanceof String || b instanceof List;
    return operator.equals("*") ? first || second : operator.equals("%") && a instanceof String;
  }

  // Texts

  String text(Object value) {
    if (value instanceof String text) {
      return text;
    }
    throw failed("expected a str, found " + named(value));
  }

  /** {@code str(value)}. */
  String str(Object value) {
    if (value instanceof String text) {
      return text;
    } else if (value instanceof Undefined) {
      return "";
    }
    return repr(value);
  }

  String repr(Object value) {
    StringBuilder out = new StringBuilder();
    repr(value, out, 0);
    return out.toString();
  }

  private void repr(Object value, StringBuilder out, int depth) {
    spend(1);
    if (depth > DEEPEST) {
      throw refused("values nested more than " + DEEPEST + " deep");
    }
    if (value == null) {
      out.append("None");
    } else if (value instanceof Boolean truth) {
      out.append(truth ? "True" : "False");
    } else if (value instanceof Double number) {
      out.append(PythonFloat.repr(number));
    } else if (value instanceof Long || value instanceof Range) {
      out.append(value);
    } else if (value instanceof String text) {
      out.append(made(Text.repr(text)));
    } else if (value instanceof Undefined) {
      out.append("Undefined");
    } else if (value instanceof List<?> list) {
      boolean tuple = value instanceof Tuple;
      String separator = tuple ? "(" : "[";
      for (Object element : list) {
        out.append(separator);
        repr(element, out, depth + 1);
        separator = ", ";
      }
      out.append(list.isEmpty() ? separator : "");
      out.append(tuple ? (list.size() == 1 ? ",)" : ")") : "]");
    } else if (value instanceof Map<?, ?> map) {
      String separator = "{";
      for (Map.Entry<?, ?> member : map.entrySet()) {
        out.append(separator);
        repr(member.getKey(), out, depth + 1);
        out.append(": ");
        repr(member.getValue(), out, depth + 1);
        separator = ", ";
      }
      out.append(map.isEmpty() ? "{}" : "}");
    } else {
      throw refused(named(value) + " as text");
    }
  }

  @SuppressWarnings("unchecked")
  static List<Object> cast(List<?> list) {
    return (List<Object>) list;
  }
}
