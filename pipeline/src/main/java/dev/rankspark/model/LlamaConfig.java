package dev.rankspark.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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
 * @param headDim width of one head, even; not always {@code hidden / heads}
 * @param normEps epsilon of RMSNorm
 * @param rope the rotary positions
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
    Rope rope)
    implements Serializable {

  /**
   * Names of all weights are made before the weights are looked for: no memory by a number alone.
   */
  private static final int MOST_LAYERS = 10_000;

  private static final double THETA = 10_000; // rope_theta where it is absent

  private static final String CLASSIFIER = "ForSequenceClassification";

  /**
   * What other families, or other programs for this one, compute with: off where absent, null or
   * false.
   */
  private static final List<String> UNSUPPORTED =
      List.of(
          "attention_bias",
          "mlp_bias",
          "attention_multiplier",
          "attn_logit_softcapping",
          "final_logit_softcapping",
          "query_pre_attn_scalar",
          "qk_norm",
          "use_qk_norm",
          "use_bidirectional_attention",
          "num_local_experts",
          "quantization_config");

  /** Factors of other families: without effect where absent, null or 1. */
  private static final List<String> UNSUPPORTED_FACTORS =
      List.of(
          "embedding_multiplier", "residual_multiplier", "logits_scaling", "partial_rotary_factor");

  /**
   * Reads a {@code config.json}; what would change a score and is not supported is refused by name.
   *
   * @param file the file's name for messages
   * @param longest the longest text in tokens that will be scored; a shorter sliding window is
   *     refused
   */
  public static LlamaConfig parse(JsonNode config, String file, int longest) {
    Fields fields = new Fields(config, file);
    String type = fields.oneOf("model_type", "llama", "mistral");
    boolean mistral = type.equals("mistral");
    fields.checkArchitecture(family(type));
    if (config.has("hidden_act")) {
      fields.oneOf("hidden_act", "silu", "swish");
    }
    UNSUPPORTED.forEach(fields::refuseIfOn);
    UNSUPPORTED_FACTORS.forEach(fields::refuseUnlessOne);
    int window =
        mistral && !config.has("sliding_window")
            ? 4096
            : fields.positiveOr("sliding_window", Integer.MAX_VALUE);
    if (window < longest) {
      throw InputException.of(
          "%s: sliding_window %d is below the longest text of %d tokens (--rerank-max-len), which is"
              + " not supported; set --rerank-max-len %d or less",
          file, window, longest, window);
    }
    int hidden = fields.positive("hidden_size");
    int heads = fields.positive("num_attention_heads");
    int kvHeads =
        fields.positiveOr(
            "num_key_value_heads", mistral && !config.has("num_key_value_heads") ? 8 : heads);
    if (heads % kvHeads != 0) {
      throw InputException.of(
          "%s: num_attention_heads %d is not a multiple of num_key_value_heads %d",
          file, heads, kvHeads);
    }
    int headDim = fields.positiveOr("head_dim", hidden / heads);
    if (headDim < 2 || headDim % 2 != 0) {
      throw InputException.of(
          "%s: head_dim %d is not supported; supported: even numbers from 2 on", file, headDim);
    }
    int layers = fields.positive("num_hidden_layers");
    if (layers > MOST_LAYERS) {
      throw InputException.of(
          "%s: num_hidden_layers: expected at most %d, got %d", file, MOST_LAYERS, layers);
    }
    return new LlamaConfig(
        type,
        fields.positive("vocab_size"),
        hidden,
        fields.positive("intermediate_size"),
        layers,
        heads,
        kvHeads,
        headDim,
        fields.positiveOr("rms_norm_eps", 1e-6),
        new Rope(fields.ropeTheta(), fields.ropeScaling(longest)));
  }

  /** transformers' class for a reranker of this family. */
  public String classifierArchitecture() {
    return family(modelType) + CLASSIFIER;
  }

  private static String family(String modelType) {
    return modelType.equals("mistral") ? "Mistral" : "Llama";
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

  /** Numbers in all weights. */
  public long elements() {
    return weightShapes().values().stream()
        .mapToLong(shape -> Arrays.stream(shape).reduce(1, (a, b) -> a * b))
        .sum();
  }

  /**
   * Checks token ids.
   *
   * @throws InputException if one is not in the vocabulary: the program would read beyond the
   *     embedding
   */
  void checkVocabulary(long[] tokens) {
    for (long id : tokens) {
      if (id < 0 || id >= vocab) {
        throw InputException.of(
            "token id %d is not in the model's vocabulary of %d: the tokenizer belongs to another"
                + " model (--tokenizer-name)",
            id, vocab);
      }
    }
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
  public long layerParameters() {
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
    List<List<String>> fused = backboneWeights();
    fused.add(2, List.of("score.weight"));
    return fused;
  }

  /** Likewise, without the head. */
  List<List<String>> backboneWeights() {
    List<List<String>> fused = new ArrayList<>();
    fused.add(List.of("model.embed_tokens.weight"));
    fused.add(List.of("model.norm.weight"));
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
      if (!config.hasNonNull(key)) {
        throw InputException.of("%s: %s is missing", file, key);
      }
      return positiveOr(key, 0);
    }

    int positiveOr(String key, int otherwise) {
      JsonNode value = config.path(key);
      if (value.isMissingNode() || value.isNull()) {
        return otherwise;
      }
      if (!value.canConvertToInt() || value.asInt() < 1 || value.asInt() != value.asDouble()) {
        throw InputException.of(
            "%s: %s: expected a whole number above 0, got %s",
            file, key, Shown.text(value.toString()));
      }
      return value.asInt();
    }

    double positiveOr(String key, double otherwise) {
      JsonNode value = config.path(key);
      if (value.isMissingNode() || value.isNull()) {
        return otherwise;
      }
      if (!value.isNumber() || !(value.asDouble() > 0) || !Double.isFinite(value.asDouble())) {
        throw InputException.of(
            "%s: %s: expected a number above 0, got %s", file, key, Shown.text(value.toString()));
      }
      return value.asDouble();
    }

    String oneOf(String key, String... supported) {
      JsonNode value = config.path(key);
      if (!value.isTextual() || !List.of(supported).contains(value.asText())) {
        throw unsupported(key, String.join(", ", supported));
      }
      return value.asText();
    }

    void refuseIfOn(String key) {
      JsonNode value = config.path(key);
      if (config.hasNonNull(key) && !(value.isBoolean() && !value.booleanValue())) {
        throw unsupported(key, "null, false");
      }
    }

    void refuseUnlessOne(String key) {
      if (config.hasNonNull(key) && config.get(key).asDouble() != 1) {
        throw unsupported(key, "null, 1");
      }
    }

    /** Classes of other names have a forward pass of their own. */
    void checkArchitecture(String family) {
      List<String> supported =
          List.of(family + "ForCausalLM", family + CLASSIFIER, family + "Model");
      for (JsonNode architecture : config.path("architectures")) {
        // In any case: the first checkpoints said LLaMAForCausalLM.
        if (supported.stream().noneMatch(architecture.asText()::equalsIgnoreCase)) {
          throw unsupported("architectures", String.join(", ", supported));
        }
        // Elsewhere the labels are a default that nobody reads.
        if (architecture.asText().endsWith(CLASSIFIER)) {
          checkLabels();
        }
      }
    }

    private void checkLabels() {
      if (config.path("id2label").size() > 1) {
        throw unsupported("id2label", "one label");
      }
      if (config.path("num_labels").asInt(1) != 1) {
        throw unsupported("num_labels", "1");
      }
    }

    /**
     * Where transformers 5 keeps what the versions before have in two keys. Both may be there, as
     * long as they say the same.
     */
    private Optional<ObjectNode> ropeParameters() {
      if (!config.hasNonNull("rope_parameters")) {
        return Optional.empty();
      }
      if (!config.get("rope_parameters").isObject()) {
        throw unsupported("rope_parameters", "an object");
      }
      ObjectNode rope = config.get("rope_parameters").deepCopy();
      if (config.hasNonNull("rope_theta") && !rope.hasNonNull("rope_theta")) {
        rope.set("rope_theta", config.get("rope_theta"));
      }
      if (!rope.has("rope_type") && !rope.has("type")) {
        rope.put("rope_type", "default");
      }
      boolean isOfOriginal =
          List.of("llama3", "yarn").contains(rope.path("rope_type").asText())
              && !rope.hasNonNull(RopeScaling.ORIGINAL);
      if (isOfOriginal && config.hasNonNull(RopeScaling.ORIGINAL)) {
        rope.set(RopeScaling.ORIGINAL, config.get(RopeScaling.ORIGINAL));
      }
      double theta = ofRope(rope).positiveOr("rope_theta", THETA);
      if (config.hasNonNull("rope_theta") && positiveOr("rope_theta", THETA) != theta) {
        throw unsupported("rope_theta", "null, or equal, beside rope_parameters");
      }
      return Optional.of(rope);
    }

    private Fields ofRope(ObjectNode rope) {
      return new Fields(rope, file + ": rope_parameters");
    }

    double ropeTheta() {
      return ropeParameters().map(this::ofRope).orElse(this).positiveOr("rope_theta", THETA);
    }

    RopeScaling ropeScaling(int longest) {
      Optional<RopeScaling> stored =
          config.hasNonNull("rope_scaling")
              ? Optional.of(ropeScaling("rope_scaling", config.get("rope_scaling"), longest))
              : Optional.empty();
      Optional<RopeScaling> parameters =
          ropeParameters()
              .map(rope -> ropeScaling("rope_parameters", rope.without("rope_theta"), longest));
      if (stored.isPresent() && parameters.isPresent() && !stored.equals(parameters)) {
        throw unsupported("rope_scaling", "null, or equal, beside rope_parameters");
      }
      return parameters.or(() -> stored).orElse(new RopeScaling.None());
    }

    private RopeScaling ropeScaling(String key, JsonNode rope, int longest) {
      RopeScaling scaling = RopeScaling.parse(rope, file + ": " + key, this::maxPositions, longest);
      // Version 5 takes the positions before scaling from here first, version 4 never.
      if (config.hasNonNull(RopeScaling.ORIGINAL)
          && !scaling.isOfPositions(positiveOr(RopeScaling.ORIGINAL, 0))) {
        throw unsupported(RopeScaling.ORIGINAL, "null, or equal, beside " + key);
      }
      return scaling;
    }

    private int maxPositions() {
      int otherwise =
          switch (config.path("model_type").asText()) {
            case "llama" -> 2_048;
            case "mistral" -> 131_072;
            default -> 32_768; // Qwen2, Qwen3
          };
      return positiveOr("max_position_embeddings", otherwise);
    }

    private InputException unsupported(String key, String supported) {
      JsonNode value = config.path(key);
      return InputException.of(
          "%s: %s %s is not supported; supported: %s",
          file, key, value.isMissingNode() ? "(absent)" : Shown.text(value.toString()), supported);
    }
  }
}
