package dev.rankspark.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import java.io.Serializable;
import java.util.List;
import java.util.Set;
import java.util.function.IntSupplier;

/**
 * What a configuration's {@code rope_scaling} does to the rotary frequencies, in float32 as {@code
 * modeling_rope_utils.py} of transformers does it (4.57 and 5.24; of YaRN 4.49 read neither
 * positions nor {@code mscale} nor {@code truncate}), step by step: there a number divided by a
 * tensor is the number times the reciprocals.
 */
sealed interface RopeScaling extends Serializable {

  /**
   * A head's frequencies.
   *
   * @param powers {@code theta^(2i / headDim)}, the reciprocals of the unscaled frequencies
   * @return in radians per position, of the length of {@code powers}
   */
  float[] frequencies(float[] powers, double theta);

  /** What all cosines and sines are multiplied by. */
  default float attentionFactor() {
    return 1;
  }

  /** Whether it reads no number of positions, or this one. */
  default boolean isOfPositions(int number) {
    return true;
  }

  /** No scaling: {@code rope_type} {@code default}. */
  record None() implements RopeScaling {
    @Override
    public float[] frequencies(float[] powers, double theta) {
      float[] frequencies = new float[powers.length];
      for (int i = 0; i < powers.length; i++) {
        frequencies[i] = 1 / powers[i];
      }
      return frequencies;
    }
  }

  /** Positions closer together: {@code linear}. */
  record Linear(double factor) implements RopeScaling {
    @Override
    public float[] frequencies(float[] powers, double theta) {
      float[] frequencies = new None().frequencies(powers, theta);
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] /= (float) factor;
      }
      return frequencies;
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
    public float[] frequencies(float[] powers, double theta) {
      float[] frequencies = new None().frequencies(powers, theta);
      for (int i = 0; i < frequencies.length; i++) {
        frequencies[i] = scaled(frequencies[i]);
      }
      return frequencies;
    }

    @Override
    public boolean isOfPositions(int number) {
      return positions == number;
    }

    private float scaled(float frequency) {
      float wave = 1 / frequency * (float) (2 * Math.PI);
      if (wave > (float) (positions / lowFactor)) {
        return frequency / (float) factor;
      }
      if (wave < (float) (positions / highFactor)) {
        return frequency;
      }
      float smooth =
          (1 / wave * (float) positions - (float) lowFactor) / (float) (highFactor - lowFactor);
      return (1 - smooth) * frequency / (float) factor + smooth * frequency;
    }
  }

  /**
   * YaRN (arXiv:2309.00071): frequencies that turn more than {@code betaFast} times in {@code
   * positions} stay, those that turn less than {@code betaSlow} times are divided by {@code
   * factor}, between the two it is a mean of both, linear in the frequency's number.
   *
   * @param attention what cosines and sines are multiplied by
   * @param positions {@code original_max_position_embeddings}
   * @param truncate whether the mean begins and ends at whole numbers
   */
  record Yarn(
      double factor,
      double attention,
      double betaFast,
      double betaSlow,
      double positions,
      boolean truncate)
      implements RopeScaling {
    @Override
    public float[] frequencies(float[] powers, double theta) {
      int headDim = 2 * powers.length;
      double fast = numberOf(betaFast, headDim, theta);
      double slow = numberOf(betaSlow, headDim, theta);
      double low = Math.max(truncate ? Math.floor(fast) : fast, 0);
      double high = Math.min(truncate ? Math.ceil(slow) : slow, headDim - 1);
      float width = (float) (low == high ? high + 0.001 - low : high - low);
      float[] frequencies = new float[powers.length];
      for (int i = 0; i < powers.length; i++) {
        float ramp = Math.min(Math.max((i - (float) low) / width, 0), 1);
        float kept = 1 - ramp;
        float divided = 1 / ((float) factor * powers[i]);
        frequencies[i] = divided * (1 - kept) + 1 / powers[i] * kept;
      }
      return frequencies;
    }

    /** Of the frequency that turns {@code turns} times in {@code positions}, a fraction. */
    private double numberOf(double turns, int headDim, double theta) {
      return headDim * Math.log(positions / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
    }

    @Override
    public float attentionFactor() {
      return (float) attention;
    }

    @Override
    public boolean isOfPositions(int number) {
      return positions == number;
    }

    /** What the paper suggests, by DeepSeek's factors if both are there. */
    static double attention(double factor, double mscale, double mscaleAllDim) {
      return mscale > 0 && mscaleAllDim > 0
          ? mscale(factor, mscale) / mscale(factor, mscaleAllDim)
          : mscale(factor, 1);
    }

    private static double mscale(double factor, double mscale) {
      return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
    }
  }

  /** Where a configuration, or its scaling, has the positions before scaling. */
  String ORIGINAL = "original_max_position_embeddings";

  /**
   * Reads the object {@code rope_scaling}.
   *
   * @param name file and key, for messages
   * @param positions {@code max_position_embeddings}, asked for by the types that read it
   * @param longest the longest text in tokens that will be scored
   * @throws InputException if it is of a type that is not supported, lacks a number, or has one
   *     that its type does not read
   */
  static RopeScaling parse(JsonNode rope, String name, IntSupplier positions, int longest) {
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
      case "dynamic" -> {
        refuseOthers(rope, name, List.of("factor", ORIGINAL)); // the latter is never read
        positive(rope, name, "factor");
        refuseLonger(name, positions.getAsInt(), longest);
        yield new None();
      }
      case "llama3" -> {
        List<String> keys = List.of("factor", "low_freq_factor", "high_freq_factor", ORIGINAL);
        refuseOthers(rope, name, keys);
        yield new Llama3(
            positive(rope, name, keys.get(0)),
            positive(rope, name, keys.get(1)),
            positive(rope, name, keys.get(2)),
            positive(rope, name, keys.get(3)));
      }
      case "yarn" -> yarn(rope, name, positions);
      default ->
          throw InputException.of(
              "%s: rope_type %s is not supported; supported: default, dynamic, linear, llama3,"
                  + " yarn",
              name, shown(type));
    };
  }

  private static Yarn yarn(JsonNode rope, String name, IntSupplier positions) {
    List<String> keys =
        List.of(
            "factor",
            "attention_factor",
            "mscale",
            "mscale_all_dim",
            "beta_fast",
            "beta_slow",
            ORIGINAL,
            "truncate");
    refuseOthers(rope, name, keys);
    JsonNode truncate = rope.path("truncate");
    if (!truncate.isMissingNode() && !truncate.isBoolean()) {
      throw InputException.of(
          "%s: truncate: expected true or false, got %s", name, shown(truncate));
    }
    double factor = positive(rope, name, "factor");
    double suggested =
        Yarn.attention(
            factor,
            positiveOr(rope, name, "mscale", 0),
            positiveOr(rope, name, "mscale_all_dim", 0));
    return new Yarn(
        factor,
        positiveOr(rope, name, "attention_factor", suggested),
        positiveOr(rope, name, "beta_fast", 32),
        positiveOr(rope, name, "beta_slow", 1),
        rope.hasNonNull(ORIGINAL) ? positive(rope, name, ORIGINAL) : positions.getAsInt(),
        truncate.asBoolean(true));
  }

  /**
   * Up to {@code max_position_embeddings} dynamic scaling leaves the frequencies alone; beyond,
   * they follow from the longest text of a batch and, in transformers, of those before it.
   */
  private static void refuseLonger(String name, int positions, int longest) {
    if (longest > positions) {
      throw InputException.of(
          "%s: rope_type \"dynamic\" makes scores depend on the batch where texts are longer than"
              + " max_position_embeddings %d, which is not supported, and the longest has %d tokens"
              + " (--rerank-max-len); set --rerank-max-len %d or less",
          name, positions, longest, positions);
    }
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

  private static double positiveOr(JsonNode rope, String name, String key, double otherwise) {
    return rope.hasNonNull(key) ? positive(rope, name, key) : otherwise;
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
