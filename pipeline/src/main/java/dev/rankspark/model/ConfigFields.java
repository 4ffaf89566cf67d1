package dev.rankspark.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntSupplier;

/** Typed reading of {@code config.json}; every error names the file and the key. */
record ConfigFields(JsonNode config, String file) {
  private static final double THETA = 10_000; // rope_theta where it is absent

  private static final Map<String, String> OTHER_RERANKERS =
      Map.of(
          "JinaForRanking",
          "a listwise reranker, whose scores of a query's documents depend on each other; rerankers"
              + " of pairs are supported",
          "LayerWiseMiniCPMForCausalLM",
          "a reranker whose own code reads scores from layers in between",
          "CostWiseGemmaForCausalLM",
          "a reranker whose own code leaves out tokens and reads scores from layers in between");

  /** What the name of a reranker's class ends with. */
  static final String CLASSIFIER = "ForSequenceClassification";

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

  /** A key that its class gives another value where it is absent than where it is null. */
  int positiveOr(String key, int absent, int ofNull) {
    return config.has(key) ? positiveOr(key, ofNull) : absent;
  }

  int notNegativeOr(String key, int otherwise) {
    JsonNode value = config.path(key);
    return value.isInt() && value.intValue() == 0 ? 0 : positiveOr(key, otherwise);
  }

  boolean isOn(String key) {
    JsonNode value = config.path(key);
    if (config.hasNonNull(key) && !value.isBoolean()) {
      throw unsupported(key, "true, false, null");
    }
    return value.booleanValue();
  }

  /** By layer whether its attention has a window, where {@code layer_types} says it. */
  Optional<List<Boolean>> layerTypes(int layers) {
    JsonNode types = config.path("layer_types");
    if (!config.hasNonNull("layer_types")) {
      return Optional.empty();
    }
    List<Boolean> slide = new ArrayList<>();
    for (JsonNode type : types) {
      if (!List.of("full_attention", "sliding_attention").contains(type.asText())) {
        throw unsupported("layer_types", "full_attention and sliding_attention");
      }
      slide.add(type.asText().equals("sliding_attention"));
    }
    if (slide.size() != layers) {
      throw InputException.of(
          "%s: layer_types: expected one for each of num_hidden_layers %d, got %d",
          file, layers, slide.size());
    }
    return Optional.of(slide);
  }

  /**
   * Refuses a window that changes a score.
   *
   * @param longest the longest text in tokens
   */
  void refuseWindow(int longest) {
    int window = positiveOr("sliding_window", Integer.MAX_VALUE);
    if (window < longest) {
      throw InputException.of(
          "%s: sliding_window %d is below the longest text of %d tokens (--rerank-max-len), and"
              + " model_type %s has none; set --rerank-max-len %d or less",
          file, window, longest, config.path("model_type"), window);
    }
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

  /** Of a key; empty where there is none, or no text. */
  String text(String key) {
    JsonNode value = config.path(key);
    return value.isTextual() ? value.asText() : "";
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

  void refuseIfOff(String key) {
    if (config.has(key) && !config.get(key).asBoolean(false)) {
      throw unsupported(key, "true");
    }
  }

  void refuseUnlessOne(String key) {
    if (config.hasNonNull(key) && config.get(key).asDouble() != 1) {
      throw unsupported(key, "null, 1");
    }
  }

  /** Classes that are known to be other rerankers, whatever their {@code model_type}. */
  void refuseOtherRerankers() {
    for (JsonNode architecture : config.path("architectures")) {
      String what = OTHER_RERANKERS.get(architecture.asText());
      if (what != null) {
        throw InputException.of(
            "%s: architectures %s is not supported: %s",
            file, Shown.text(config.get("architectures").toString()), what);
      }
    }
  }

  /** Classes of other names have a forward pass of their own. */
  void checkArchitecture(String family) {
    List<String> supported = List.of(family + "ForCausalLM", family + CLASSIFIER, family + "Model");
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

  private ConfigFields ofRope(ObjectNode rope) {
    return new ConfigFields(rope, file + ": rope_parameters");
  }

  double ropeTheta() {
    return ropeParameters().map(this::ofRope).orElse(this).positiveOr("rope_theta", THETA);
  }

  /**
   * @param maxPositions asked for where a scaling is of them
   * @param longest the longest text in tokens
   */
  RopeScaling ropeScaling(IntSupplier maxPositions, int longest) {
    Optional<RopeScaling> stored =
        config.hasNonNull("rope_scaling")
            ? Optional.of(
                ropeScaling("rope_scaling", config.get("rope_scaling"), maxPositions, longest))
            : Optional.empty();
    Optional<RopeScaling> parameters =
        ropeParameters()
            .map(
                rope ->
                    ropeScaling(
                        "rope_parameters", rope.without("rope_theta"), maxPositions, longest));
    if (stored.isPresent() && parameters.isPresent() && !stored.equals(parameters)) {
      throw unsupported("rope_scaling", "null, or equal, beside rope_parameters");
    }
    return parameters.or(() -> stored).orElse(new RopeScaling.None());
  }

  private RopeScaling ropeScaling(
      String key, JsonNode rope, IntSupplier maxPositions, int longest) {
    RopeScaling scaling = RopeScaling.parse(rope, file + ": " + key, maxPositions, longest);
    // Version 5 takes the positions before scaling from here first, version 4 never.
    if (config.hasNonNull(RopeScaling.ORIGINAL)
        && !scaling.isOfPositions(positiveOr(RopeScaling.ORIGINAL, 0))) {
      throw unsupported(RopeScaling.ORIGINAL, "null, or equal, beside " + key);
    }
    return scaling;
  }

  InputException unsupported(String key, String supported) {
    JsonNode value = config.path(key);
    return InputException.of(
        "%s: %s %s is not supported; supported: %s",
        file, key, value.isMissingNode() ? "(absent)" : Shown.text(value.toString()), supported);
  }
}
