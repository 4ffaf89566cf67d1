package dev.rankspark.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rankspark.InputException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A LoRA adapter as PEFT saves it ({@code peft/utils/save_and_load.py}, read at 0.14.0): pairs of
 * factors per module, and the head under {@code modules_to_save}. What its configuration says
 * beyond that and would change a score is refused by name.
 */
public final class LoraAdapter {
  static final String CONFIG = "adapter_config.json";
  private static final String SAFETENSORS = "adapter_model.safetensors";
  private static final String TORCH = "adapter_model.bin";

  private static final Pattern KEY =
      Pattern.compile("base_model\\.model\\.(.+)\\.lora_([AB])(?:\\.default)?\\.weight");
  private static final Pattern HEAD =
      Pattern.compile("base_model\\.model\\.score(?:\\.modules_to_save)?(?:\\.default)?\\.weight");

  /**
   * Initializations that move the base's weights as well, so that the adapter alone is not the
   * difference.
   */
  private static final Pattern MOVES_THE_BASE = Pattern.compile("(?i)(pissa|olora|loftq|corda).*");

  private final Map<String, LoraPair> pairs;
  private final Optional<StoredTensor> head;

  private LoraAdapter(Map<String, LoraPair> pairs, Optional<StoredTensor> head) {
    this.pairs = pairs;
    this.head = head;
  }

  /**
   * The update of one weight: {@code W + scaling * B A}.
   *
   * @param a (rank, in)
   * @param b (out, rank)
   */
  public record LoraPair(StoredTensor a, StoredTensor b, double scaling) {}

  /** The base that an adapter's configuration names. */
  static String baseName(ModelDirectory directory) {
    String name = directory.json(CONFIG).path("base_model_name_or_path").asText("");
    if (name.isEmpty()) {
      throw InputException.of(
          "%s/%s: base_model_name_or_path is missing; name the base by --base-model-name-or-path",
          directory.path(), CONFIG);
    }
    return name;
  }

  static LoraAdapter open(ModelDirectory directory) {
    double scaling = scaling(directory);
    StoredFile file;
    if (directory.has(SAFETENSORS)) {
      file = directory.file(SAFETENSORS);
    } else if (directory.has(TORCH)) {
      file = directory.file(TORCH);
    } else {
      throw InputException.of(
          "%s has no adapter weights; looked for %s, %s", directory.path(), SAFETENSORS, TORCH);
    }
    Map<String, StoredTensor> a = new LinkedHashMap<>();
    Map<String, StoredTensor> b = new LinkedHashMap<>();
    TreeSet<String> others = new TreeSet<>();
    StoredTensor head = null;
    for (StoredTensor tensor : Weights.readFile(file).values()) {
      Matcher key = KEY.matcher(tensor.name());
      if (key.matches()) {
        (key.group(2).equals("A") ? a : b).put(key.group(1), tensor);
      } else if (HEAD.matcher(tensor.name()).matches()) {
        head = tensor;
      } else {
        others.add(tensor.name());
      }
    }
    if (!others.isEmpty()) {
      throw InputException.of(
          "%s has %d tensors that are neither LoRA factors of a layer nor the head score.weight,"
              + " which is not supported: %s",
          file.name(), others.size(), RerankerCheckpoint.first(others));
    }
    return new LoraAdapter(pair(file, a, b, scaling), Optional.ofNullable(head));
  }

  private static Map<String, LoraPair> pair(
      StoredFile file, Map<String, StoredTensor> a, Map<String, StoredTensor> b, double scaling) {
    if (!a.keySet().equals(b.keySet())) {
      TreeSet<String> single = new TreeSet<>(a.keySet());
      single.addAll(b.keySet());
      single.removeIf(module -> a.containsKey(module) && b.containsKey(module));
      throw InputException.of(
          "%s has only one of lora_A and lora_B for: %s",
          file.name(), RerankerCheckpoint.first(single));
    }
    Map<String, LoraPair> pairs = new TreeMap<>();
    a.forEach((module, factor) -> pairs.put(module, new LoraPair(factor, b.get(module), scaling)));
    return pairs;
  }

  /**
   * {@code alpha / r}, or with rsLoRA {@code alpha / sqrt(r)}; refuses what else would change a
   * score.
   */
  private static double scaling(ModelDirectory directory) {
    JsonNode config = directory.json(CONFIG);
    String file = directory.path() + "/" + CONFIG;
    refuseUnless(file, config, "peft_type", "LORA");
    refuseUnless(file, config, "bias", "none");
    for (String key : List.of("use_dora", "lora_bias")) {
      if (config.path(key).asBoolean(false)) {
        throw InputException.of("%s: %s true is not supported", file, key);
      }
    }
    for (String key : List.of("rank_pattern", "alpha_pattern", "layer_replication")) {
      if (!config.path(key).isEmpty()) {
        throw InputException.of("%s: %s %s is not supported", file, key, config.get(key));
      }
    }
    JsonNode initialization = config.path("init_lora_weights");
    if (initialization.isTextual() && MOVES_THE_BASE.matcher(initialization.asText()).matches()) {
      throw InputException.of(
          "%s: init_lora_weights %s is not supported; convert the adapter to plain LoRA with PEFT",
          file, initialization);
    }
    double alpha = config.path("lora_alpha").asDouble(0);
    int rank = config.path("r").asInt(0);
    if (rank < 1 || !Double.isFinite(alpha)) {
      throw InputException.of("%s: expected r above 0 and a number as lora_alpha", file);
    }
    return alpha / (config.path("use_rslora").asBoolean(false) ? Math.sqrt(rank) : rank);
  }

  private static void refuseUnless(String file, JsonNode config, String key, String supported) {
    String value = config.path(key).asText(supported);
    if (!value.equalsIgnoreCase(supported)) {
      throw InputException.of(
          "%s: %s \"%s\" is not supported; supported: %s", file, key, value, supported);
    }
  }

  /** By module, such as {@code model.layers.0.self_attn.q_proj}. */
  Map<String, LoraPair> pairs() {
    return pairs;
  }

  /** The trained head, if the adapter saved one. */
  Optional<StoredTensor> head() {
    return head;
  }
}
