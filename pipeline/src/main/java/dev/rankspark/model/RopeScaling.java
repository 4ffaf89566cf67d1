package dev.rankspark.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import java.io.Serializable;
import java.util.List;
import java.util.Set;

/**
 * What a configuration's {@code rope_scaling} does to the rotary frequencies, in float32 as {@code
 * modeling_rope_utils.py} of transformers does it.
 */
sealed interface RopeScaling extends Serializable {

  /** The frequency that takes the place of {@code frequency}, both in radians per position. */
  float scaled(float frequency);

  /** No scaling: {@code rope_type} {@code default}. */
  record None() implements RopeScaling {
    @Override
    public float scaled(float frequency) {
      return frequency;
    }
  }

  /** Positions closer together: {@code linear}. */
  record Linear(double factor) implements RopeScaling {
    @Override
    public float scaled(float frequency) {
      return frequency / (float) factor;
    }
  }

  /**
   * Llama 3.1's: frequencies whose wave is longer than {@code positions / lowFactor} are divided by
   * {@code factor}, those with a wave shorter than {@code positions / highFactor} stay, between the
   * two it is a mean of both.
   *
   * @param positions {@code original_max_position_embeddings}
   */
  record Llama3(double factor, double lowFactor, double highFactor, double positions)
      implements RopeScaling {
    @Override
    public float scaled(float frequency) {
      float wave = (float) (2 * Math.PI) / frequency;
      if (wave > (float) (positions / lowFactor)) {
        return frequency / (float) factor;
      }
      if (wave < (float) (positions / highFactor)) {
        return frequency;
      }
      float smooth =
          ((float) positions / wave - (float) lowFactor) / (float) (highFactor - lowFactor);
      return (1 - smooth) * frequency / (float) factor + smooth * frequency;
    }
  }

  /**
   * Reads the object {@code rope_scaling}.
   *
   * @param name file and key, for messages
   * @throws InputException if it is of a type that is not supported, lacks a number, or has one
   *     that its type does not read
   */
  static RopeScaling parse(JsonNode rope, String name) {
    JsonNode type = rope.path(rope.has("rope_type") ? "rope_type" : "type");
    if (rope.has("type") && !rope.get("type").equals(type)) {
      // LLaMA's class goes by one of them, Mistral's by the other.
      throw InputException.of(
          "%s: type %s is not supported beside rope_type %s; supported: the same",
          name, shown(rope.get("type")), shown(type));
    }
    return switch (type.asText()) {
      case "default" -> {
        refuseOthers(rope, name, List.of());
        yield new None();
      }
      case "linear" -> {
        refuseOthers(rope, name, List.of("factor"));
        yield new Linear(positive(rope, name, "factor"));
      }
      case "llama3" -> {
        List<String> keys =
            List.of(
                "factor",
                "low_freq_factor",
                "high_freq_factor",
                "original_max_position_embeddings");
        refuseOthers(rope, name, keys);
        yield new Llama3(
            positive(rope, name, keys.get(0)),
            positive(rope, name, keys.get(1)),
            positive(rope, name, keys.get(2)),
            positive(rope, name, keys.get(3)));
      }
      default ->
          throw InputException.of(
              "%s: rope_type %s is not supported; supported: default, linear, llama3",
              name, shown(type));
    };
  }

  private static void refuseOthers(JsonNode rope, String name, List<String> keys) {
    Set<String> always = Set.of("type", "rope_type");
    rope.fields()
        .forEachRemaining(
            field -> {
              String key = field.getKey();
              if (!keys.contains(key) && !always.contains(key) && !field.getValue().isNull()) {
                throw InputException.of(
                    "%s: %s %s is not supported by this rope_type",
                    name, Shown.text(key), shown(field.getValue()));
              }
            });
  }

  private static double positive(JsonNode rope, String name, String key) {
    JsonNode value = rope.path(key);
    if (!value.isNumber() || !(value.asDouble() > 0) || !Double.isFinite(value.asDouble())) {
      throw InputException.of("%s: %s: expected a number above 0, got %s", name, key, shown(value));
    }
    return value.asDouble();
  }

  private static String shown(JsonNode value) {
    return value.isMissingNode() ? "(absent)" : Shown.text(value.toString());
  }
}
