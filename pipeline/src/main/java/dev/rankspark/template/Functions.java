package dev.rankspark.template;

import dev.rankspark.python.PythonFloat;
import dev.rankspark.python.PythonText;
import dev.rankspark.template.Values.Lazy;
import dev.rankspark.template.Values.Namespace;
import dev.rankspark.template.Values.Tuple;
import dev.rankspark.template.Values.Undefined;
import dev.rankspark.template.Values.View;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The functions, filters, tests and methods that a template may call. */
final class Functions {
  /** Stands for an argument that is not given. */
  private static final Object ABSENT = new Object();

  interface Body {
    Object of(Rendering rendering, Arguments arguments);
  }

  interface Method {
    Object of(Rendering rendering, Object self, Arguments arguments);
  }

  interface Condition {
    boolean of(Rendering rendering, Object self, Object argument);
  }

  /**
   * A filter or method and its parameters.
   *
   * @param required how many of them must be given
   */
  record Signature(Method body, int required, List<String> parameters) {
    Object call(Rendering rendering, Object self, Object... given) {
      return body.of(rendering, self, new Arguments(given));
    }
  }

  /** A test, which has one argument or none. */
  record Test(Condition condition, boolean hasArgument) {}

  /** Values by the parameters' places. */
  record Arguments(Object... values) {
    boolean has(int place) {
      return place < values.length && values[place] != ABSENT;
    }

    Object at(int place) {
      return values[place];
    }

    Object at(int place, Object otherwise) {
      return has(place) ? values[place] : otherwise;
    }
  }

  static final Map<String, Signature> FILTERS = new HashMap<>();
  static final Map<String, Signature> METHODS = new HashMap<>();
  static final Map<String, Test> TESTS = new HashMap<>();

  private Functions() {}

  private static void filter(String name, int required, String parameters, Method body) {
    FILTERS.put(name, new Signature(body, required, names(parameters)));
  }

  private static void method(String name, int required, int most, Method body) {
    METHODS.put(name, new Signature(body, required, Arrays.asList(new String[most])));
  }

  private static List<String> names(String parameters) {
    return parameters.isEmpty() ? List.of() : List.of(parameters.split(" "));
  }

  private static void test(String name, Condition condition) {
    TESTS.put(name, new Test(condition, false));
  }

  private static void tests(String names, Condition condition) {
    names(names).forEach(name -> TESTS.put(name, new Test(condition, true)));
  }

  static {
    // Of texts
    filter("lower", 0, "", (r, v, a) -> r.made(Text.lower(r.str(v))));
    filter("upper", 0, "", (r, v, a) -> r.made(Text.upper(r.str(v))));
    filter("capitalize", 0, "", (r, v, a) -> r.made(Text.capitalize(r.str(v))));
    filter("title", 0, "", (r, v, a) -> r.made(Text.titleOfWords(r.str(v))));
    filter("trim", 0, "chars", (r, v, a) -> strip(r, r.str(v), a, true, true));
    filter("string", 0, "", (r, v, a) -> r.made(r.str(v)));
    filter(
        "replace",
        2,
        "old new count",
        (r, v, a) -> replace(r, r.str(v), r.str(a.at(0)), r.str(a.at(1)), a.at(2, null)));
    filter("int", 0, "default", (r, v, a) -> integer(r, v, a.at(0, 0L)));
    filter("float", 0, "default", (r, v, a) -> real(r, v, a.at(0, 0.0)));
    filter(
        "tojson",
        0,
        "ensure_ascii indent separators sort_keys",
        (r, v, a) ->
            new Json(r, a.at(0, false), a.at(1, null), a.at(2, null), a.at(3, false)).dumps(v));

    // Of lists
    filter("length", 0, "", (r, v, a) -> r.length(v));
    filter("count", 0, "", (r, v, a) -> r.length(v));
    filter("list", 0, "", (r, v, a) -> new ArrayList<>(r.elements(v)));
    filter("first", 0, "", (r, v, a) -> first(r, v));
    filter("last", 0, "", (r, v, a) -> last(r, v));
    filter("reverse", 0, "", Functions::reverse);
    filter("join", 0, "d attribute", Functions::join);
    filter("items", 0, "", (r, v, a) -> new Lazy(() -> items(r, v)));

    filter(
        "default",
        0,
        "default_value boolean",
        (r, v, a) ->
            v instanceof Undefined || (r.isTrue(a.at(1, false)) && !r.isTrue(v)) ? a.at(0, "") : v);
    FILTERS.put("d", FILTERS.get("default"));

    method("strip", 0, 1, (r, v, a) -> strip(r, text(r, v, "strip"), a, true, true));
    method("lstrip", 0, 1, (r, v, a) -> strip(r, text(r, v, "lstrip"), a, true, false));
    method("rstrip", 0, 1, (r, v, a) -> strip(r, text(r, v, "rstrip"), a, false, true));
    method("lower", 0, 0, (r, v, a) -> r.made(Text.lower(text(r, v, "lower"))));
    method("upper", 0, 0, (r, v, a) -> r.made(Text.upper(text(r, v, "upper"))));
    method("capitalize", 0, 0, (r, v, a) -> r.made(Text.capitalize(text(r, v, "capitalize"))));
    method("title", 0, 0, (r, v, a) -> r.made(Text.title(text(r, v, "title"))));
    method("startswith", 1, 1, (r, v, a) -> hasAffix(r, text(r, v, "startswith"), a.at(0), true));
    method("endswith", 1, 1, (r, v, a) -> hasAffix(r, text(r, v, "endswith"), a.at(0), false));
    method("split", 0, 2, (r, v, a) -> split(r, text(r, v, "split"), a));
    method(
        "replace",
        2,
        3,
        (r, v, a) ->
            replace(r, text(r, v, "replace"), r.text(a.at(0)), r.text(a.at(1)), a.at(2, -1L)));
    method(
        "join",
        1,
        1,
        (r, v, a) ->
            joined(
                r,
                text(r, v, "join"),
                r.elements(a.at(0)).stream().map(element -> r.text(element))));
    method("get", 1, 2, (r, v, a) -> get(r, map(r, v, "get"), a));
    method("items", 0, 0, (r, v, a) -> new View(pairs(map(r, v, "items"))));
    method("keys", 0, 0, (r, v, a) -> new View(r.elements(map(r, v, "keys"))));
    method("values", 0, 0, (r, v, a) -> new View(new ArrayList<>(map(r, v, "values").values())));

    test("defined", (r, v, a) -> !(v instanceof Undefined));
    test("undefined", (r, v, a) -> v instanceof Undefined);
    test("none", (r, v, a) -> v == null);
    test("boolean", (r, v, a) -> v instanceof Boolean);
    test("true", (r, v, a) -> Boolean.TRUE.equals(v));
    test("false", (r, v, a) -> Boolean.FALSE.equals(v));
    test("string", (r, v, a) -> v instanceof String);
    test("integer", (r, v, a) -> v instanceof Long);
    test("float", (r, v, a) -> v instanceof Double);
    test("number", (r, v, a) -> v instanceof Number || v instanceof Boolean);
    test("mapping", (r, v, a) -> v instanceof Map);
    test(
        "sequence",
        (r, v, a) ->
            v instanceof String || v instanceof List || v instanceof Map || v instanceof Undefined);
    test(
        "iterable",
        (r, v, a) ->
            !(v == null || v instanceof Number || v instanceof Boolean || v instanceof Namespace));
    test("even", (r, v, a) -> r.calculate("%", v, 2L).equals(0L));
    test("odd", (r, v, a) -> r.calculate("%", v, 2L).equals(1L));
    tests("divisibleby", (r, v, a) -> r.calculate("%", v, a).equals(0L));
    tests("eq equalto ==", (r, v, a) -> r.areEqual(v, a));
    tests("ne !=", (r, v, a) -> !r.areEqual(v, a));
    tests("lt lessthan <", (r, v, a) -> r.compare(v, a) < 0);
    tests("le <=", (r, v, a) -> r.compare(v, a) <= 0);
    tests("gt greaterthan >", (r, v, a) -> r.compare(v, a) > 0);
    tests("ge >=", (r, v, a) -> r.compare(v, a) >= 0);
    tests("in", (r, v, a) -> r.contains(a, v));
  }

  // Texts

  private static String text(Rendering rendering, Object self, String method) {
    if (self instanceof String text) {
      return text;
    }
    throw rendering.failed(Rendering.named(self) + " has no " + method + "()");
  }

  private static String strip(
      Rendering rendering, String text, Arguments arguments, boolean left, boolean right) {
    Object characters = arguments.at(0, null);
    return rendering.made(
        Text.strip(text, characters == null ? null : rendering.text(characters), left, right));
  }

  private static boolean hasAffix(Rendering rendering, String text, Object affix, boolean first) {
    if (affix instanceof Tuple several) {
      return several.stream().anyMatch(one -> hasAffix(rendering, text, one, first));
    }
    String one = rendering.text(affix);
    return first ? text.startsWith(one) : text.endsWith(one);
  }

  private static List<Object> split(Rendering rendering, String text, Arguments arguments) {
    long most = arguments.has(1) ? rendering.integer(arguments.at(1)) : -1;
    rendering.spend(text.length());
    if (arguments.at(0, null) == null) {
      if (most >= 0) {
        throw rendering.refused("split(none, ...) with a largest number of parts");
      }
      return new ArrayList<>(PythonText.split(text));
    }
    return Text.split(text, separator(rendering, rendering.text(arguments.at(0))), most);
  }

  private static String separator(Rendering rendering, String separator) {
    if (separator.isEmpty()) {
      throw rendering.failed("the separator is empty");
    }
    return separator;
  }

  private static String replace(
      Rendering rendering, String text, String old, String by, Object count) {
    if (old.isEmpty()) {
      throw rendering.refused("replace(\"\", ...)");
    }
    long most = count == null ? -1 : rendering.integer(count);
    long found = Text.split(text, old, most).size() - 1L;
    rendering.spend(text.length() + found * by.length());
    return Text.replace(text, old, by, most);
  }

  private static Object integer(Rendering rendering, Object value, Object otherwise) {
    if (value instanceof Long || value instanceof Boolean) {
      return rendering.integer(value);
    }
    if (value instanceof String text) {
      String digits = PythonText.strip(text);
      if (digits.matches("[+-]?[0-9]{1,18}")) {
        return Long.parseLong(digits);
      } else if (digits.codePoints().anyMatch(c -> c > 0x7f || c == '_') || digits.length() > 18) {
        throw rendering.refused("int of other characters than a few plain digits");
      }
    }
    Object real = real(rendering, value, null);
    if (real == null || !Double.isFinite((Double) real)) {
      return otherwise;
    } else if (Math.abs((Double) real) > 1L << 53) {
      throw rendering.refused("int of a float beyond 2^53");
    }
    return ((Double) real).longValue();
  }

  private static Object real(Rendering rendering, Object value, Object otherwise) {
    if (value instanceof String text) {
      if (text.codePoints().anyMatch(c -> c > 0x7f)) {
        throw rendering.refused("a number in other characters than ASCII's");
      }
      try {
        return PythonFloat.parse(text);
      } catch (NumberFormatException e) {
        return otherwise;
      }
    } else if (value instanceof Undefined undefined) {
      throw rendering.failed(undefined.what());
    }
    return value instanceof Number || value instanceof Boolean ? rendering.real(value) : otherwise;
  }

  // Lists

  private static Object first(Rendering rendering, Object value) {
    Iterator<Object> elements = rendering.stream(value).iterator();
    return elements.hasNext() ? elements.next() : new Undefined("the first of no elements");
  }

  private static Object last(Rendering rendering, Object value) {
    if (value instanceof Lazy) {
      throw rendering.failed("the last of a generator");
    }
    List<Object> elements = rendering.elements(value);
    return elements.isEmpty()
        ? new Undefined("the last of no elements")
        : elements.get(elements.size() - 1);
  }

  private static Object reverse(Rendering rendering, Object value, Arguments arguments) {
    List<Object> reversed = rendering.reversed(value);
    if (value instanceof String) {
      return String.join("", reversed.toArray(String[]::new));
    }
    return value instanceof Lazy ? reversed : new Lazy(reversed::stream);
  }

  private static String join(Rendering rendering, Object value, Arguments arguments) {
    Stream<Object> elements = rendering.stream(value);
    if (arguments.at(1, null) != null) {
      elements = elements.map(element -> member(rendering, element, arguments.at(1)));
    }
    return joined(
        rendering,
        rendering.str(arguments.at(0, "")),
        elements.map(element -> rendering.made(rendering.str(element))));
  }

  private static String joined(Rendering rendering, String separator, Stream<String> texts) {
    return rendering.made(
        texts
            .peek(text -> rendering.spend(separator.length()))
            .collect(Collectors.joining(separator)));
  }

  /** jinja2's {@code make_attrgetter}: a name, or several with points between. */
  static Object member(Rendering rendering, Object owner, Object name) {
    if (!(name instanceof String path)) {
      throw rendering.refused("an attribute that is no name: " + rendering.repr(name));
    }
    Object member = owner;
    for (Object part : Text.split(path, ".", -1)) {
      String one = (String) part;
      if (one.isEmpty() || Character.isDigit(one.charAt(0))) {
        throw rendering.refused("the attribute \"" + path + "\"");
      }
      member = rendering.item(member, one);
    }
    return member;
  }

  // Maps

  @SuppressWarnings("unchecked")
  private static Map<String, Object> map(Rendering rendering, Object self, String method) {
    if (self instanceof Map<?, ?> map) {
      return (Map<String, Object>) map;
    }
    throw rendering.failed(Rendering.named(self) + " has no " + method + "()");
  }

  private static Object get(Rendering rendering, Map<String, Object> map, Arguments arguments) {
    return rendering.contains(map, arguments.at(0))
        ? map.get(arguments.at(0))
        : arguments.at(1, null);
  }

  private static List<Object> pairs(Map<String, Object> map) {
    List<Object> pairs = new ArrayList<>();
    map.forEach((key, value) -> pairs.add(new Tuple(Arrays.asList(key, value))));
    return pairs;
  }

  private static Stream<Object> items(Rendering rendering, Object value) {
    return value instanceof Undefined
        ? Stream.of()
        : pairs(map(rendering, value, "items")).stream();
  }

  // Functions

  /** The names that jinja2 and transformers define; those of ours that can be called. */
  static final List<String> GLOBALS =
      List.of(
          "range",
          "namespace",
          "raise_exception",
          "strftime_now",
          "dict",
          "lipsum",
          "cycler",
          "joiner");

  static final List<String> CALLABLE = GLOBALS.subList(0, 4);

  /** What {@code strftime} has for what {@link DateTimeFormatter} has. */
  private static final Map<Character, String> TIMES =
      Map.ofEntries(
          Map.entry('d', "dd"),
          Map.entry('m', "MM"),
          Map.entry('Y', "yyyy"),
          Map.entry('y', "yy"),
          Map.entry('b', "MMM"),
          Map.entry('B', "MMMM"),
          Map.entry('a', "EEE"),
          Map.entry('A', "EEEE"),
          Map.entry('H', "HH"),
          Map.entry('I', "hh"),
          Map.entry('M', "mm"),
          Map.entry('S', "ss"),
          Map.entry('p', "a"),
          Map.entry('j', "DDD"));

  static Object call(
      Rendering rendering, String name, List<Object> given, Map<String, Object> named) {
    return switch (name) {
      case "range" -> rendering.range(given);
      case "namespace" -> new Namespace(new LinkedHashMap<>(named));
      case "raise_exception" -> throw rendering.failed(rendering.str(given.get(0)));
      default -> time(rendering, rendering.text(given.get(0)));
    };
  }

  private static String time(Rendering rendering, String format) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%') {
        out.append(c);
        continue;
      }
      char directive = ++i < format.length() ? format.charAt(i) : ' ';
      if (!TIMES.containsKey(directive)) {
        throw rendering.refused("strftime_now with %" + directive);
      }
      out.append(
          rendering.now.format(DateTimeFormatter.ofPattern(TIMES.get(directive), Locale.ENGLISH)));
    }
    return out.toString();
  }

  static Object[] absent(int count) {
    Object[] values = new Object[count];
    Arrays.fill(values, ABSENT);
    return values;
  }
}
