package dev.rankspark.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.InputException;
import dev.rankspark.OptionException;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.files.TextFile;
import dev.rankspark.jobs.KnownArgument.Case;
import dev.rankspark.jobs.KnownArgument.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * A command line as Tevatron's drivers take it, by the {@code HfArgumentParser} of transformers:
 * the arguments of three classes (model, data, Trainer), most of which mean nothing to a command
 * here; flags with a value ({@code --fp16 True}); all of them in one {@code args.json}.
 */
final class TevatronArguments {
  private static final JsonMapper JSON = new JsonMapper();

  private TevatronArguments() {}

  /** Lets a command take the arguments that it has not itself; they are hidden. */
  static void addTo(CommandSpec command) {
    KnownArgument.of(command.name())
        .forEach(
            (name, argument) -> {
              if (command.findOption(name) == null) {
                command.addOption(
                    OptionSpec.builder(name)
                        .hidden(true)
                        .arity(argument.kind().arity())
                        .type(String[].class)
                        .description("no meaning here")
                        .build());
              }
            });
  }

  /**
   * Holds the hidden arguments of a command line against what the command does, and says in one
   * line which of them have no meaning, if any.
   *
   * @param cases what the command line asks for
   * @throws OptionException if one asks for what would make another result
   */
  static void check(CommandSpec command, Set<Case> cases) {
    Map<String, KnownArgument> known = KnownArgument.of(command.name());
    List<String> ignored = new ArrayList<>();
    for (OptionSpec option : command.commandLine().getParseResult().matchedOptions()) {
      KnownArgument argument = known.get(option.longestName());
      if (argument == null || !option.hidden() || ignored.contains(argument.name())) {
        continue;
      }
      if (argument.isWithoutMeaning(cases)) {
        ignored.add(argument.name());
      } else {
        argument.check(lastValue(option, argument.kind()));
      }
    }
    if (!ignored.isEmpty()) {
      command
          .commandLine()
          .getErr()
          .println("Without meaning here, ignored: " + String.join(", ", ignored));
    }
  }

  /** Of an argument that is given twice the last one counts, as in argparse. */
  private static String lastValue(OptionSpec option, Kind kind) {
    List<String> values = option.stringValues();
    String last = values.isEmpty() ? "" : values.get(values.size() - 1);
    return kind == Kind.FLAG && last.isEmpty() ? "true" : last;
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
        String value = KnownArgument.bool(arg.substring(equals + 1));
        rewritten.add(value == null ? arg : name + "=" + value);
      } else if (i + 1 < rest.size() && KnownArgument.bool(rest.get(i + 1)) != null) {
        rewritten.add(name + "=" + KnownArgument.bool(rest.get(++i)));
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

  private static List<String> fromJson(String path) {
    StringBuilder text = new StringBuilder();
    try {
      new TextFile(path, HadoopSettings.ofDriver())
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
}
