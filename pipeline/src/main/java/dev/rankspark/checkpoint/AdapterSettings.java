package dev.rankspark.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * What a LoRA adapter's configuration says of its training; the rest is the same for all.
 *
 * @param r rank of the factors, from 1 on
 * @param alpha numerator of the scaling alpha / r
 * @param dropout of the factors' input in training, from 0 on, below 1
 * @param targetModules ends of the names of adapted modules, such as {@code q_proj}
 * @param base the base model, as the user names it
 */
public record AdapterSettings(
    int r, double alpha, double dropout, List<String> targetModules, String base) {
  public AdapterSettings {
    targetModules = List.copyOf(targetModules);
    if (r < 1 || !(dropout >= 0 && dropout < 1) || targetModules.isEmpty()) {
      throw new IllegalArgumentException(
          "r must be >= 1, dropout in [0, 1), target modules given; got "
              + r
              + ", "
              + dropout
              + " and "
              + targetModules);
    }
  }

  /** Absent, null, false or empty: what PEFT writes for an option that is not used. */
  static boolean isNeutral(JsonNode value) {
    return value.isMissingNode()
        || value.isNull()
        || (value.isBoolean() && !value.booleanValue())
        || (value.isContainerNode() && value.isEmpty())
        || (value.isTextual() && value.textValue().isEmpty());
  }
}
