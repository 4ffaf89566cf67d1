package dev.rankspark.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.OptionException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * An argument of Tevatron's programs that a command here has not itself, and what its values would
 * do there: a line of {@code tevatron-arguments.txt}.
 *
 * @param name with hyphens
 * @param kind how many values it takes
 * @param onlyIf the case in which its value counts; null for all
 * @param same the values that leave the result as it is; null if all do
 * @param why what is to be said of another one
 */
record KnownArgument(String name, Kind kind, Case onlyIf, List<String> same, String why) {
  private static final Pattern LINE =
      Pattern.compile(
          "(?<name>[a-z0-9-]+) (?<kind>value|flag|list)(?: if (?<case>[a-z]+))?"
              + "(?: only (?<same>\\S+(?: [^ :]\\S*)*) : (?<why>.+))?");

  private static final JsonMapper JSON = new JsonMapper();
  private static final String ANY = "*";

  /** {@code string_to_bool} of transformers' {@code hf_argparser.py}. */
  private static final Set<String> TRUE = Set.of("yes", "true", "t", "y", "1");

  private static final Set<String> FALSE = Set.of("no", "false", "f", "n", "0");

  /** How many values an argument takes. */
  enum Kind {
    VALUE("1"),
    FLAG("0..1"),
    LIST("1..*");

    private final String arity;

    Kind(String arity) {
      this.arity = arity;
    }

    String arity() {
      return arity;
    }
  }

  /** What a command line may ask for that gives other arguments a meaning. */
  enum Case {
    /** A measure while training. */
    EVALUATING,
    /** To go on from a checkpoint. */
    RESUMING,
    /** A data set by its folder's name. */
    FOLDER
  }

  /** Those of one command by their names with hyphens. */
  static Map<String, KnownArgument> of(String command) {
    String section = "[" + command + "]";
    try (InputStream in = KnownArgument.class.getResourceAsStream("tevatron-arguments.txt");
        BufferedReader reader =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      return reader
          .lines()
          .dropWhile(line -> !line.equals(section))
          .skip(1)
          .takeWhile(line -> !line.startsWith("["))
          .filter(line -> !line.isEmpty() && !line.startsWith("#"))
          .map(KnownArgument::parse)
          .collect(
              Collectors.toMap(
                  KnownArgument::name,
                  argument -> argument,
                  (first, second) -> {
                    throw new IllegalStateException(first + " is there twice");
                  },
                  LinkedHashMap::new));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static KnownArgument parse(String line) {
    Matcher fields = LINE.matcher(line);
    if (!fields.matches()) {
      throw new IllegalStateException("tevatron-arguments.txt: " + line);
    }
    return new KnownArgument(
        "--" + fields.group("name"),
        Kind.valueOf(fields.group("kind").toUpperCase(Locale.ROOT)),
        Optional.ofNullable(fields.group("case"))
            .map(name -> Case.valueOf(name.toUpperCase(Locale.ROOT)))
            .orElse(null),
        Optional.ofNullable(fields.group("same"))
            .map(
                values ->
                    Arrays.stream(values.split(" "))
                        .map(value -> value.equals("\"\"") ? "" : value)
                        .toList())
            .orElse(null),
        fields.group("why"));
  }

  /** Whether no value of it can change what comes out, where these cases are given. */
  boolean isWithoutMeaning(Set<Case> cases) {
    return same == null || (onlyIf != null && !cases.contains(onlyIf));
  }

  /**
   * Holds a value against what is done here.
   *
   * @throws OptionException if the reference would do something else by it
   */
  void check(String value) {
    if (same.stream().noneMatch(allowed -> isSame(allowed, value))) {
      throw OptionException.of(
          "%s: expected %s, got \"%s\": %s",
          name,
          same.stream().filter(allowed -> !allowed.isEmpty()).collect(Collectors.joining(", ")),
          value,
          why);
    }
  }

  private static boolean isSame(String allowed, String value) {
    String given = value.strip();
    if (allowed.equalsIgnoreCase(given)) {
      return true;
    }
    if (allowed.startsWith("{")) {
      return isSameObject(object(allowed).orElseThrow(), given);
    }
    String truth = bool(given);
    if (allowed.equals("true") || allowed.equals("false")) {
      return allowed.equals(truth);
    }
    Optional<Double> number = number(given);
    return number.isPresent() && number.equals(number(allowed));
  }

  /** A key that is absent or null has the reference's default. */
  private static boolean isSameObject(ObjectNode allowed, String value) {
    Optional<ObjectNode> given = object(value);
    if (given.isEmpty()) {
      return false;
    }
    for (Map.Entry<String, JsonNode> field : given.get().properties()) {
      JsonNode same = allowed.path(field.getKey());
      if (!field.getValue().isNull()
          && !same.asText().equals(ANY)
          && !field.getValue().equals(same)) {
        return false;
      }
    }
    return true;
  }

  private static Optional<ObjectNode> object(String text) {
    try {
      return JSON.readTree(text) instanceof ObjectNode object
          ? Optional.of(object)
          : Optional.empty();
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  private static Optional<Double> number(String text) {
    try {
      return Optional.of(Double.parseDouble(text) + 0.0); // -0 is 0
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
  }

  /** A truth value as transformers reads it; null if the text is none. */
  static String bool(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    return TRUE.contains(lower) ? "true" : FALSE.contains(lower) ? "false" : null;
  }
}
