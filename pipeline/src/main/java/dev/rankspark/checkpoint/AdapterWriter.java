package dev.rankspark.checkpoint;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.files.OutputDirectory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.stream.Collectors;

/**
 * Writes a LoRA adapter of a sequence classifier as PEFT 0.14 saves it after Tevatron's training:
 * {@code adapter_config.json} with all keys of {@code LoraConfig} ({@code
 * peft/tuners/lora/config.py}) and {@code adapter_model.safetensors}. {@link LoraAdapter} reads it
 * back.
 */
public final class AdapterWriter {
  private static final String PREFIX = "base_model.model.";
  private static final String TENSORS = "adapter_model.safetensors";

  /** The trained head's tensor, (1, hidden). */
  public static final String HEAD = PREFIX + "score.weight";

  private AdapterWriter() {}

  /**
   * The tensor of a module's LoRA A, (r, in).
   *
   * @param module such as {@code model.layers.0.self_attn.q_proj}
   */
  public static String loraA(String module) {
    return PREFIX + module + ".lora_A.weight";
  }

  /** The tensor of a module's LoRA B, (out, r). */
  public static String loraB(String module) {
    return PREFIX + module + ".lora_B.weight";
  }

  /**
   * Writes both files, the configuration last.
   *
   * @param tensors LoRA A and B of every adapted module, and the head
   * @throws IllegalArgumentException if a factor or the head is missing or of another shape
   */
  public static void write(
      OutputDirectory directory, AdapterSettings settings, List<NewTensor> tensors) {
    write(directory, settings, tensors, Map.of());
  }

  /**
   * Likewise, with weights that take the place of the base's.
   *
   * @param wholes by module, as {@link LoraAdapter#wholes} has them
   */
  public static void write(
      OutputDirectory directory,
      AdapterSettings settings,
      List<NewTensor> tensors,
      Map<String, StoredTensor> wholes) {
    check(settings, tensors);
    List<NewTensor> all = new ArrayList<>(tensors);
    Set<String> names = tensors.stream().map(NewTensor::name).collect(Collectors.toSet());
    wholes.forEach(
        (module, whole) -> {
          String place = names.contains(loraA(module)) ? ".base_layer.weight" : ".weight";
          all.add(
              new Weight(whole, Optional.empty())
                  .merged("base_model.model." + module + place, whole.type()));
        });
    SafetensorsWriter.write(directory, TENSORS, all);
    directory.write(LoraConfig.FILE, IndentedJson.of(config(settings)));
  }

  private static void check(AdapterSettings settings, List<NewTensor> tensors) {
    Map<String, Integer> factors = new HashMap<>();
    boolean hasHead = false;
    for (NewTensor tensor : tensors) {
      long[] shape = tensor.shape();
      Matcher factor = LoraAdapter.LORA.matcher(tensor.name());
      boolean isA = factor.matches() && factor.group(2).equals("A");
      hasHead |= tensor.name().equals(HEAD);
      if (factor.matches()) {
        factors.merge(factor.group(1), isA ? 1 : 2, Integer::sum);
      }
      boolean fits =
          shape.length == 2
              && (factor.matches()
                  ? shape[isA ? 0 : 1] == settings.r()
                  : tensor.name().equals(HEAD) && shape[0] == 1);
      if (!fits) {
        throw new IllegalArgumentException(
            "no tensor of an adapter of rank "
                + settings.r()
                + ": "
                + tensor.name()
                + " of shape "
                + Arrays.toString(shape));
      }
    }
    factors.forEach(
        (module, sum) -> {
          if (sum != 1 + 2) {
            throw new IllegalArgumentException("LoRA A without B, or B without A: " + module);
          }
        });
    if (!hasHead) {
      throw new IllegalArgumentException("no head " + HEAD);
    }
  }

  private static ObjectNode config(AdapterSettings settings) {
    ObjectNode config = new JsonMapper().createObjectNode();
    config.putObject("alpha_pattern");
    config.putNull("auto_mapping");
    config.put("base_model_name_or_path", settings.base());
    config.put("bias", "none");
    config.putNull("eva_config");
    config.putNull("exclude_modules");
    config.put("fan_in_fan_out", false);
    config.put("inference_mode", true);
    config.put("init_lora_weights", true);
    config.putNull("layer_replication");
    config.putNull("layers_pattern");
    config.putNull("layers_to_transform");
    config.putObject("loftq_config");
    if (settings.alpha() == Math.rint(settings.alpha())) {
      config.put("lora_alpha", (long) settings.alpha()); // PEFT's is a whole number
    } else {
      config.put("lora_alpha", settings.alpha());
    }
    config.put("lora_bias", false);
    config.put("lora_dropout", settings.dropout());
    config.putNull("megatron_config");
    config.put("megatron_core", "megatron.core");
    config.putArray("modules_to_save").add("classifier").add("score");
    config.put("peft_type", "LORA");
    config.put("r", settings.r());
    config.putObject("rank_pattern");
    config.putNull("revision");
    ArrayNode targets = config.putArray("target_modules");
    settings.targetModules().forEach(targets::add);
    config.put("task_type", "SEQ_CLS");
    config.put("use_dora", false);
    config.put("use_rslora", false);
    return config;
  }
}
