package dev.rankspark.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A LoRA adapter's {@code adapter_config.json}, as PEFT 0.14 reads it ({@code
 * peft/tuners/lora/config.py}): what would change a score and is not implemented here is refused by
 * its name, so is every key that is not known and has a value.
 */
final class LoraConfig {
  static final String FILE = "adapter_config.json";

  // Read below, or without effect on a score once the adapter is trained.
  private static final Set<String> KNOWN =
      Set.of(
          "alpha_pattern",
          "auto_mapping",
          "base_model_name_or_path",
          "bias",
          "eva_config",
          "exclude_modules",
          "inference_mode",
          "init_lora_weights",
          "layers_pattern",
          "layers_to_transform",
          "loftq_config",
          "lora_alpha",
          "lora_dropout",
          "megatron_core",
          "modules_to_save",
          "peft_type",
          "peft_version",
          "qalora_group_size",
          "r",
          "rank_pattern",
          "revision",
          "runtime_config",
          "target_modules",
          "task_type",
          "use_rslora");

  // The others (pissa, olora, loftq, corda) change the base's weights when PEFT loads the adapter.
  private static final Set<String> INITS_THAT_KEEP_THE_BASE =
      Set.of("true", "false", "gaussian", "eva", "orthogonal");

  private static final int DEFAULT_R = 8; // peft/tuners/lora/config.py
  private static final int DEFAULT_ALPHA = 8;

  // The end of a module's name, as an expression without repetition: its match cannot take long.
  private static final Pattern NAME_END = Pattern.compile("[A-Za-z0-9_.]{1,1000}");

  private final String file;
  private final JsonNode config;
  private final TargetModules targets;

  private LoraConfig(String file, JsonNode config) {
    this.file = file;
    this.config = config;
    this.targets = new TargetModules(config);
  }

  /**
   * Reads an adapter's configuration.
   *
   * @throws InputException if it is missing or broken, or asks for what is not implemented
   */
  static LoraConfig read(ModelDirectory directory) {
    LoraConfig config = new LoraConfig(directory.pathOf(FILE), directory.jsonObject(FILE));
    config.refuseUnsupported();
    return config;
  }

  /** The name of the base model, as {@code base_model_name_or_path} has it; null is none. */
  Optional<String> baseModel() {
    return baseModel(config);
  }

  static Optional<String> baseModel(JsonNode config) {
    JsonNode name = config.path("base_model_name_or_path");
    return name.isTextual() && !name.textValue().isBlank()
        ? Optional.of(name.textValue())
        : Optional.empty();
  }

  /** The names in {@code modules_to_save}, or the ends of names. */
  List<String> modulesToSave() {
    List<String> names = new ArrayList<>();
    config.path("modules_to_save").forEach(name -> names.add(name.asText()));
    return names;
  }

  /**
   * Whether PEFT would use factors of a module.
   *
   * @param module as the adapter names it, which is what PEFT matches patterns against
   */
  boolean isTarget(String module) {
    return targets.contains(module);
  }

  /** The scaling of all modules that no {@code rank_pattern} or {@code alpha_pattern} names. */
  double scaling() {
    return scaling(rank("r", config.path("r")), alpha("lora_alpha", config.path("lora_alpha")));
  }

  /** A module's scaling. */
  double scaling(String module) {
    return scaling(
        rank(module),
        alpha("lora_alpha", patternValue("alpha_pattern", module, config.path("lora_alpha"))));
  }

  /** A module's rank. */
  int rank(String module) {
    return rank("r", patternValue("rank_pattern", module, config.path("r")));
  }

  private void refuseUnsupported() {
    requireValue("peft_type", Set.of("\"LORA\""), false);
    // "all" and "lora_only" train biases, which LLaMA's layers lack; an adapter that holds some, of
    // a family that has them, is refused by these tensors.
    requireValue("bias", Set.of("\"none\"", "\"all\"", "\"lora_only\""), true);
    if (AdapterSettings.isNeutral(config.path("target_modules"))) {
      throw unsupported("target_modules", config.path("target_modules"));
    }
    for (String patterns : List.of("rank_pattern", "alpha_pattern")) {
      if (!config.path(patterns).isObject() && !AdapterSettings.isNeutral(config.path(patterns))) {
        throw unsupported(patterns, config.path(patterns));
      }
    }
    if (!config.path("use_rslora").isBoolean()
        && !AdapterSettings.isNeutral(config.path("use_rslora"))) {
      throw unsupported("use_rslora", config.path("use_rslora"));
    }
    if (!targets.hasReadableLayers()) {
      throw unsupported("layers_to_transform", config.path("layers_to_transform"));
    }
    if (!targets.hasReadableLayersPattern()) {
      throw unsupported("layers_pattern", config.path("layers_pattern"));
    }
    JsonNode init = config.path("init_lora_weights");
    if (!AdapterSettings.isNeutral(init) && !INITS_THAT_KEEP_THE_BASE.contains(init.asText())) {
      throw unsupported("init_lora_weights", init);
    }
    config
        .fields()
        .forEachRemaining(
            field -> {
              if (!KNOWN.contains(field.getKey()) && !AdapterSettings.isNeutral(field.getValue())) {
                throw unsupported(field.getKey(), field.getValue());
              }
            });
  }

  private void requireValue(String key, Set<String> supported, boolean orAbsent) {
    JsonNode value = config.path(key);
    if (!supported.contains(value.toString()) && !(orAbsent && value.isMissingNode())) {
      throw unsupported(key, value);
    }
  }

  /** As {@code get_pattern_key} in {@code peft/utils/other.py}: the first match counts. */
  private JsonNode patternValue(String key, String module, JsonNode otherwise) {
    JsonNode patterns = config.path(key);
    for (Iterator<String> names = patterns.fieldNames(); names.hasNext(); ) {
      String name = names.next();
      if (!NAME_END.matcher(name.replace("\\.", ".")).matches()) {
        throw unsupported(key, patterns);
      }
      if (Pattern.matches(".*\\." + name, module)) {
        return patterns.path(name);
      }
    }
    return patterns.has(module) ? patterns.path(module) : otherwise;
  }

  private double scaling(int r, double alpha) {
    return alpha / (config.path("use_rslora").asBoolean() ? Math.sqrt(r) : r);
  }

  private int rank(String key, JsonNode value) {
    if (value.isMissingNode()) {
      return DEFAULT_R;
    }
    if (!value.isInt() || value.intValue() < 1) {
      throw InputException.of(
          "%s: expected a whole number from 1 on as %s, got %s",
          file, key, Shown.text(value.toString()));
    }
    return value.intValue();
  }

  private double alpha(String key, JsonNode value) {
    if (value.isMissingNode()) {
      return DEFAULT_ALPHA;
    }
    if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
      throw InputException.of(
          "%s: expected a number as %s, got %s", file, key, Shown.text(value.toString()));
    }
    return value.doubleValue();
  }

  private InputException unsupported(String key, JsonNode value) {
    return InputException.of(
        "%s: %s %s is not supported; merge the adapter with PEFT and give the merged model",
        file, Shown.text(key), value.isMissingNode() ? "(absent)" : Shown.text(value.toString()));
  }
}
