package dev.rankspark.udfs;

import dev.rankspark.OptionException;
import dev.rankspark.model.Dtype;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.reranker.ModelPaths;
import dev.rankspark.reranker.RecipeOptions;
import dev.rankspark.reranker.RecipeOptions.Score;
import dev.rankspark.score.ScoreOptions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A session's settings of a reranker: the options of the command line, in camel case, behind {@code
 * spark.rankspark.}; those of a named model behind {@code spark.rankspark.<name>.}.
 */
final class RerankSettings {
  static final String PREFIX = "spark.rankspark.";

  private static final String MODEL = "modelNameOrPath";

  private static final List<String> OPTIONS =
      List.of(
          MODEL,
          "loraNameOrPath",
          "baseModelNameOrPath",
          "tokenizerName",
          "queryPrefix",
          "passagePrefix",
          "rerankMaxLen",
          "appendEosToken",
          "prompt",
          "instruction",
          "trueToken",
          "falseToken",
          "score",
          "dtype",
          "device",
          "perDeviceEvalBatchSize",
          "maxBatchTokens",
          "partitions");

  private static final Logger LOG = LoggerFactory.getLogger(RerankSettings.class);

  /** What was warned of in this process. */
  private static final Set<String> WARNED = ConcurrentHashMap.newKeySet();

  private final String prefix;
  private final Map<String, String> values;

  private RerankSettings(String prefix, Map<String, String> values) {
    this.prefix = prefix;
    this.values = values;
  }

  /**
   * The options of a model.
   *
   * @param settings all of a session
   * @param name of the model, if it has one
   * @throws OptionException if there is no such model, or a setting is none of these or wrong
   */
  static ScoreOptions options(Map<String, String> settings, Optional<String> name) {
    String prefix = name.map(model -> prefix(model)).orElse(PREFIX);
    Map<String, String> values = values(settings, prefix);
    warnOfCutPrefixes(prefix, values);
    return new RerankSettings(prefix, values).options();
  }

  /** {@code SET x=query: } loses the blank at its end, and every score is another. */
  private static void warnOfCutPrefixes(String prefix, Map<String, String> values) {
    for (String option : List.of("queryPrefix", "passagePrefix")) {
      String value = values.getOrDefault(option, "");
      if (value.endsWith(":") && WARNED.add(prefix + option + value)) {
        LOG.warn(
            "{}{} is \"{}\", without a blank at its end; if there was one, SET has cut it off: SET"
                + " {}{}=`{} ` keeps it",
            prefix,
            option,
            value,
            prefix,
            option,
            value);
      }
    }
  }

  /** What a session's settings say behind a prefix, by option. */
  private static Map<String, String> values(Map<String, String> settings, String prefix) {
    Map<String, String> values = new TreeMap<>();
    settings.forEach(
        (setting, value) -> {
          String option = setting.startsWith(prefix) ? setting.substring(prefix.length()) : "";
          if (!option.isEmpty() && option.indexOf('.') < 0) {
            check(prefix, option);
            values.put(option, value);
          }
        });
    return values;
  }

  /**
   * The options of a stage. Its params win over the session's settings; a stage that names its
   * model takes none of these, for they describe another.
   *
   * @param settings all of a session
   * @param params those that are set, by option
   * @param notes hears, at most once, which settings are not used
   */
  static ScoreOptions options(
      Map<String, String> settings, Map<String, String> params, Consumer<String> notes) {
    Map<String, String> values = values(settings, PREFIX);
    Set<String> unused = new TreeSet<>(values.keySet());
    if (!params.containsKey(MODEL)) {
      unused.retainAll(params.keySet());
    }
    unused.removeIf(option -> values.get(option).equals(params.get(option)));
    if (!unused.isEmpty()) {
      notes.accept(
          "params win over the session's settings; not used: "
              + unused.stream().map(PREFIX::concat).collect(Collectors.joining(", ")));
    }
    values.keySet().removeAll(unused);
    warnOfCutPrefixes(PREFIX, values);
    values.putAll(params);
    return new RerankSettings(PREFIX, values).options();
  }

  /** Where the settings of a named model are. */
  static String prefix(String name) {
    if (!name.matches("\\w+") || OPTIONS.contains(name)) {
      throw OptionException.of(
          "the name of a model: expected letters, digits and _, and no option's name, got \"%s\"",
          name);
    }
    return PREFIX + name + ".";
  }

  /** Refuses what is no option: a wrong name would change scores without a word. */
  static void check(String prefix, String option) {
    if (!OPTIONS.contains(option)) {
      throw OptionException.of(
          "%s%s is no setting of a reranker; there are %s",
          prefix, option, String.join(", ", OPTIONS));
    }
  }

  private ScoreOptions options() {
    String model =
        text(MODEL)
            .orElseThrow(
                () ->
                    OptionException.of(
                        "%s%s is not set, nor the modelUrl of a stage: the directory of a"
                            + " reranker or its name at the hub",
                        prefix, MODEL));
    return new ScoreOptions(
        new ModelPaths(
            model, text("loraNameOrPath"), text("baseModelNameOrPath"), text("tokenizerName")),
        new PromptOptions(
            text("queryPrefix").orElse(""),
            text("passagePrefix").orElse(""),
            number("rerankMaxLen").orElse(PromptOptions.DEFAULT_MAX_LENGTH),
            flag("appendEosToken")),
        new RecipeOptions(
            text("prompt"),
            text("instruction"),
            text("trueToken"),
            text("falseToken"),
            number("rerankMaxLen"),
            text("score").map(Score::parse).orElse(Score.RAW)),
        text("dtype").filter(dtype -> !dtype.equals("auto")).map(Dtype::parse),
        text("device").orElse("auto"),
        number("perDeviceEvalBatchSize").orElse(ScoreOptions.DEFAULT_BATCH_ROWS),
        number("maxBatchTokens"),
        number("partitions"));
  }

  private Optional<String> text(String option) {
    return Optional.ofNullable(values.get(option));
  }

  private OptionalInt number(String option) {
    String value = values.get(option);
    if (value == null) {
      return OptionalInt.empty();
    }
    try {
      return OptionalInt.of(Integer.parseInt(value.strip()));
    } catch (NumberFormatException e) {
      throw OptionException.of("%s%s: expected a whole number, got \"%s\"", prefix, option, value);
    }
  }

  private boolean flag(String option) {
    String value = text(option).orElse("false");
    if (!value.equals("true") && !value.equals("false")) {
      throw OptionException.of("%s%s: expected true or false, got \"%s\"", prefix, option, value);
    }
    return value.equals("true");
  }
}
