package dev.rankspark.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.InputException;
import dev.rankspark.run.TextFile;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * A command line as Tevatron's drivers take it, by the {@code HfArgumentParser} of transformers:
 * the arguments of three classes (model, data, Trainer), most of which mean nothing to a command
 * here; flags with a value ({@code --fp16 True}); all of them in one {@code args.json}.
 */
final class TevatronArguments {
  /** {@code string_to_bool} of transformers' {@code hf_argparser.py}. */
  private static final Set<String> TRUE = Set.of("yes", "true", "t", "y", "1");

  private static final Set<String> FALSE = Set.of("no", "false", "f", "n", "0");

  private static final JsonMapper JSON = new JsonMapper();

  /** How many values an argument takes. */
  private enum Kind {
    VALUE("1"),
    FLAG("0..1"),
    LIST("1..*");

    private final String arity;

    Kind(String arity) {
      this.arity = arity;
    }
  }

  private TevatronArguments() {}

  /** Lets a command take the arguments that it has not itself; they are hidden and ignored. */
  static void addTo(CommandSpec command) {
    known(command.name())
        .forEach(
            (name, kind) -> {
              if (command.findOption(name) == null) {
                command.addOption(
                    OptionSpec.builder(name)
                        .hidden(true)
                        .arity(kind.arity)
                        .type(String[].class)
                        .description("no meaning here")
                        .build());
              }
            });
  }

  /** Says in one line which arguments without meaning a command line had, if any. */
  static void noteIgnored(CommandSpec command) {
    Set<String> known = known(command.name()).keySet();
    String names =
        command.commandLine().getParseResult().matchedOptions().stream()
            .filter(option -> option.hidden() && known.contains(option.longestName()))
            .map(OptionSpec::longestName)
            .distinct()
            .collect(Collectors.joining(", "));
    if (!names.isEmpty()) {
      command.commandLine().getErr().println("Without meaning here, ignored: " + names);
    }
  }

  /**
   * Rewrites a command's arguments to what picocli reads: an only {@code args.json} becomes the
   * arguments that it holds; {@code --fp16 True} becomes {@code --fp16=true}.
   *
   * @param args those after the command's name, with hyphens
   * @throws InputException if the file is not a JSON object
   */
  static List<String> rewrite(CommandSpec command, List<String> args) {
    List<String> rest =
        args.size() == 1 && args.get(0).endsWith(".json") ? fromJson(args.get(0)) : args;
    List<String> rewritten = new ArrayList<>();
    for (int i = 0; i < rest.size(); i++) {
      String arg = rest.get(i);
      int equals = arg.indexOf('=');
      String name = equals < 0 ? arg : arg.substring(0, equals);
      if (!isFlag(command, name)) {
        rewritten.add(arg);
      } else if (equals >= 0) {
        String value = bool(arg.substring(equals + 1));
        rewritten.add(value == null ? arg : name + "=" + value);
      } else if (i + 1 < rest.size() && bool(rest.get(i + 1)) != null) {
        rewritten.add(name + "=" + bool(rest.get(++i)));
      } else {
        rewritten.add(arg);
      }
    }
    return rewritten;
  }

  private static boolean isFlag(CommandSpec command, String name) {
    OptionSpec option = name.startsWith("--") ? command.findOption(name) : null;
    return option != null && option.arity().min() == 0;
  }

  /** Null if the text is no truth value. */
  private static String bool(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    return TRUE.contains(lower) ? "true" : FALSE.contains(lower) ? "false" : null;
  }

  private static List<String> fromJson(String path) {
    StringBuilder text = new StringBuilder();
    try {
      new TextFile(path, SparkSessions.hadoop())
          .forEachLine((line, where) -> text.append(line).append('\n'));
      if (!(JSON.readTree(text.toString()) instanceof ObjectNode object)) {
        throw InputException.of("%s: expected a JSON object of arguments", path);
      }
      List<String> args = new ArrayList<>();
      object
          .fields()
          .forEachRemaining(
              field -> {
                for (String value : values(path, field.getKey(), field.getValue())) {
                  args.add("--" + field.getKey().replace('_', '-') + "=" + value);
                }
              });
      return args;
    } catch (JsonProcessingException e) {
      throw new InputException(
          path + ":" + e.getLocation().getLineNr() + ": broken JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> values(String path, String name, JsonNode value) {
    if (value.isNull()) {
      return List.of();
    }
    if (value.isValueNode()) {
      return List.of(value.asText());
    }
    if (value.isObject()) {
      return List.of(value.toString()); // such as lr_scheduler_kwargs
    }
    List<String> values = new ArrayList<>();
    for (JsonNode element : value) {
      if (!element.isValueNode() || element.isNull()) {
        throw InputException.of(
            "%s: \"%s\": expected a list of plain values, got %s", path, name, value);
      }
      values.add(element.asText());
    }
    return values;
  }

  /** The arguments of one command by their names with hyphens. */
  private static Map<String, Kind> known(String command) {
    Map<String, Kind> known = new LinkedHashMap<>();
    String section = "[" + command + "]";
    try (InputStream in = TevatronArguments.class.getResourceAsStream("tevatron-arguments.txt");
        BufferedReader reader =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      reader
          .lines()
          .dropWhile(line -> !line.equals(section))
          .skip(1)
          .takeWhile(line -> !line.startsWith("["))
          .filter(line -> !line.isEmpty() && !line.startsWith("#"))
          .map(line -> line.split(" "))
          .forEach(
              field -> known.put("--" + field[0], Kind.valueOf(field[1].toUpperCase(Locale.ROOT))));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return known;
  }
}
