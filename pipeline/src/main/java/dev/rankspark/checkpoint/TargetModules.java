package dev.rankspark.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * The modules that an {@code adapter_config.json} adapts, as {@code check_target_module_exists} in
 * {@code peft/tuners/tuners_utils.py} decides it: by {@code target_modules}, {@code
 * exclude_modules}, {@code layers_to_transform} and {@code layers_pattern}. Where the configuration
 * gives a regular expression, PEFT has matched it when it saved the pairs, and we take its word.
 */
final class TargetModules {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_]+");
  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

  private final JsonNode targets;
  private final JsonNode excluded;
  private final List<JsonNode> layers;
  private final List<JsonNode> layersPatterns;

  TargetModules(JsonNode config) {
    this.targets = config.path("target_modules");
    this.excluded = config.path("exclude_modules");
    this.layers = oneOrMore(config.path("layers_to_transform"));
    this.layersPatterns = oneOrMore(config.path("layers_pattern"));
  }

  /** Whether {@code layers_to_transform} is what is read here: a number or a list of numbers. */
  boolean hasReadableLayers() {
    return layers.stream().allMatch(JsonNode::isInt);
  }

  /** Whether {@code layers_pattern} is what is read here: names, no regular expressions. */
  boolean hasReadableLayersPattern() {
    return layersPatterns.stream().allMatch(pattern -> NAME.matcher(pattern.asText()).matches());
  }

  /**
   * @param module as the adapter names it, which is what PEFT matches against
   */
  boolean contains(String module) {
    if (names(excluded, module)) {
      return false;
    }
    if (targets.isTextual()) {
      return !targets.asText().equalsIgnoreCase("all-linear") || !module.equals("score");
    }
    // A whole name counts in any layer.
    return hasElement(targets, module)
        || (names(targets, module) && (layers.isEmpty() || isInLayers(module)));
  }

  private boolean isInLayers(String module) {
    OptionalInt number = layerNumber(module);
    return number.isPresent()
        && layers.stream().anyMatch(layer -> layer.intValue() == number.getAsInt());
  }

  /**
   * The last number in a name that has something behind it and, before it, something that {@code
   * layers_pattern} allows; that may not be the beginning of the name, so a bare backbone's modules
   * are in no layer.
   */
  private OptionalInt layerNumber(String module) {
    String[] parts = module.split("\\.", -1);
    for (int i = parts.length - 2; i > 1; i--) {
      String before = parts[i - 1];
      boolean isLayer =
          layersPatterns.isEmpty()
              || layersPatterns.stream().anyMatch(pattern -> pattern.asText().equals(before));
      if (isLayer && NUMBER.matcher(parts[i]).matches()) {
        return OptionalInt.of(Integer.parseInt(parts[i]));
      }
    }
    return OptionalInt.empty();
  }

  private static boolean names(JsonNode modules, String module) {
    for (JsonNode name : modules) {
      if (module.endsWith("." + name.asText())) {
        return true;
      }
    }
    return hasElement(modules, module);
  }

  private static boolean hasElement(JsonNode modules, String module) {
    for (JsonNode name : modules) {
      if (module.equals(name.asText())) {
        return true;
      }
    }
    return false;
  }

  /** A value or a list of values; empty where PEFT writes nothing for an option not used. */
  private static List<JsonNode> oneOrMore(JsonNode value) {
    if (AdapterSettings.isNeutral(value)) {
      return List.of();
    }
    List<JsonNode> values = new ArrayList<>();
    (value.isArray() ? value : List.of(value)).forEach(values::add);
    return values;
  }
}
