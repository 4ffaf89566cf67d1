package dev.rankspark.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rankspark.InputException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The shape of a LLaMA or Mistral backbone, as its {@code config.json} gives it (transformers 4.49,
 * {@code LlamaConfig} and {@code MistralConfig}, whose defaults hold where a key is absent). Both
 * families are one program; what differs is here.
 *
 * @param modelType {@code llama} or {@code mistral}
 * @param vocab rows of the embedding
 * @param hidden width D of the residual stream
 * @param intermediate width of the MLP
 * @param layers decoder layers
 * @param heads query heads
 * @param kvHeads key and value heads; divides {@code heads}
 * @param headDim width of one head; not always {@code hidden / heads}
 * @param normEps epsilon of RMSNorm
 * @param ropeTheta base of the rotary frequencies
 */
public record LlamaConfig(
    String modelType,
    int vocab,
    int hidden,
    int intermediate,
    int layers,
    int heads,
    int kvHeads,
    int headDim,
    double normEps,
    double ropeTheta) {

  private static final Set<String> MODEL_TYPES = Set.of("llama", "mistral");

  public LlamaConfig {
    if (heads % kvHeads != 0) {
      throw InputException.of(
          "config.json: num_attention_heads %d is not a multiple of num_key_value_heads %d",
          heads, kvHeads);
    }
    if (headDim % 2 != 0) {
      throw InputException.of(
          "config.json: head_dim %d is odd; rotary positions need an even one", headDim);
    }
  }

  /**
   * Reads a {@code config.json}; what would change a score and is not supported is refused by name.
   *
   * @param file the file's name for messages
   * @param longest the longest text in tokens that will be scored; a shorter sliding window is
   *     refused
   */
  public static LlamaConfig parse(JsonNode config, String file, int longest) {
    Fields fields = new Fields(config, file);
    String type = config.path("model_type").asText("");
    if (!MODEL_TYPES.contains(type)) {
      throw InputException.of(
          "%s: model_type \"%s\" is not supported; supported: llama, mistral", file, type);
    }
    fields.refuseUnless("hidden_act", "silu");
    fields.refuseIfSet("rope_scaling");
    fields.refuseIfSet("quantization_config");
    fields.refuseIfTrue("attention_bias");
    fields.refuseIfTrue("mlp_bias");
    boolean mistral = type.equals("mistral");
    int window =
        mistral && !config.has("sliding_window") ? 4096 : config.path("sliding_window").asInt(0);
    if (window > 0 && window < longest) {
      throw InputException.of(
          "%s: sliding_window %d is below the longest text of %d tokens (--rerank-max-len), which is"
              + " not supported; set --rerank-max-len %d or less",
          file, window, longest, window);
    }
    int hidden = fields.positive("hidden_size");
    int heads = fields.positive("num_attention_heads");
    return new LlamaConfig(
        type,
        fields.positive("vocab_size"),
        hidden,
        fields.positive("intermediate_size"),
        fields.positive("num_hidden_layers"),
        heads,
        fields.positiveOr("num_key_value_heads", mistral ? 8 : heads),
        fields.positiveOr("head_dim", hidden / heads),
        fields.positiveOr("rms_norm_eps", 1e-6),
        fields.positiveOr("rope_theta", 10_000.0));
  }

  /**
   * The weights that this shape needs, by their canonical names, with their shapes; in the order in
   * which the program takes them.
   */
  public Map<String, long[]> weightShapes() {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("model.embed_tokens.weight", new long[] {vocab, hidden});
    for (int i = 0; i < layers; i++) {
      String layer = "model.layers." + i + ".";
      long query = (long) heads * headDim;
      long keyValue = (long) kvHeads * headDim;
      shapes.put(layer + "input_layernorm.weight", new long[] {hidden});
      shapes.put(layer + "self_attn.q_proj.weight", new long[] {query, hidden});
      shapes.put(layer + "self_attn.k_proj.weight", new long[] {keyValue, hidden});
      shapes.put(layer + "self_attn.v_proj.weight", new long[] {keyValue, hidden});
      shapes.put(layer + "self_attn.o_proj.weight", new long[] {hidden, query});
      shapes.put(layer + "post_attention_layernorm.weight", new long[] {hidden});
      shapes.put(layer + "mlp.gate_proj.weight", new long[] {intermediate, hidden});
      shapes.put(layer + "mlp.up_proj.weight", new long[] {intermediate, hidden});
      shapes.put(layer + "mlp.down_proj.weight", new long[] {hidden, intermediate});
    }
    shapes.put("model.norm.weight", new long[] {hidden});
    shapes.put("score.weight", new long[] {1, hidden});
    return shapes;
  }

  /**
   * The products of a layer: width of the input and of the output of query, key and value together,
   * of the attention's output, of gate and up together, of down.
   */
  List<int[]> productShapes() {
    return List.of(
        new int[] {hidden, (heads + 2 * kvHeads) * headDim},
        new int[] {heads * headDim, hidden},
        new int[] {hidden, 2 * intermediate},
        new int[] {intermediate, hidden});
  }

  /** Parameters of a layer's products. */
  long layerParameters() {
    return productShapes().stream().mapToLong(shape -> (long) shape[0] * shape[1]).sum();
  }

  /**
   * Parameters of all layers' products: what a token is multiplied by, embedding and head aside.
   */
  public long productParameters() {
    return layers * layerParameters();
  }

  /**
   * The weights as the program holds them: each entry is one tensor, made of the named ones stacked
   * along their first dimension. Query, key and value share a product, so do gate and up.
   */
  List<List<String>> fusedWeights() {
    List<List<String>> fused = new ArrayList<>();
    fused.add(List.of("model.embed_tokens.weight"));
    fused.add(List.of("model.norm.weight"));
    fused.add(List.of("score.weight"));
    for (int i = 0; i < layers; i++) {
      String layer = "model.layers." + i + ".";
      fused.add(List.of(layer + "input_layernorm.weight"));
      fused.add(
          List.of(
              layer + "self_attn.q_proj.weight",
              layer + "self_attn.k_proj.weight",
              layer + "self_attn.v_proj.weight"));
      fused.add(List.of(layer + "self_attn.o_proj.weight"));
      fused.add(List.of(layer + "post_attention_layernorm.weight"));
      fused.add(List.of(layer + "mlp.gate_proj.weight", layer + "mlp.up_proj.weight"));
      fused.add(List.of(layer + "mlp.down_proj.weight"));
    }
    return fused;
  }

  /** Typed reading of {@code config.json}; every error names the file and the key. */
  private record Fields(JsonNode config, String file) {
    int positive(String key) {
      if (!config.has(key)) {
        throw InputException.of("%s: %s is missing", file, key);
      }
      return positiveOr(key, 0);
    }

    int positiveOr(String key, int otherwise) {
      JsonNode value = config.path(key);
      if (value.isMissingNode() || value.isNull()) {
        return otherwise;
      }
      if (!value.canConvertToInt() || value.asInt() < 1) {
        throw InputException.of(
            "%s: %s: expected a whole number above 0, got %s", file, key, value);
      }
      return value.asInt();
    }

    double positiveOr(String key, double otherwise) {
      JsonNode value = config.path(key);
      if (value.isMissingNode() || value.isNull()) {
        return otherwise;
      }
      if (!value.isNumber() || !(value.asDouble() > 0)) {
        throw InputException.of("%s: %s: expected a number above 0, got %s", file, key, value);
      }
      return value.asDouble();
    }

    void refuseUnless(String key, String supported) {
      String value = config.path(key).asText(supported);
      if (!value.equals(supported)) {
        throw InputException.of(
            "%s: %s \"%s\" is not supported; supported: %s", file, key, value, supported);
      }
    }

    void refuseIfSet(String key) {
      if (config.hasNonNull(key)) {
        throw InputException.of("%s: %s %s is not supported", file, key, config.get(key));
      }
    }

    void refuseIfTrue(String key) {
      if (config.path(key).asBoolean(false)) {
        throw InputException.of("%s: %s true is not supported", file, key);
      }
    }
  }
}
