package dev.rankspark.model;

import java.io.Serializable;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A family of decoders, and what its configuration means: the defaults of its class in transformers
 * ({@code configuration_qwen3.py} and so on; read at 4.57 and 5.24), and what its layers have.
 */
public enum Family {
  LLAMA("Llama", 2_048) {
    @Override
    Parts parts(ConfigFields fields) {
      boolean bias = fields.isOn("attention_bias");
      return new Parts(bias, bias, fields.isOn("mlp_bias"), /* headNorms= */ false);
    }

    @Override
    List<Integer> windows(ConfigFields fields, int layers, int longest) {
      fields.refuseWindow(longest); // transformers' class does not read it
      return everywhere(ALL, layers);
    }
  },

  MISTRAL("Mistral", 131_072) {
    @Override
    int kvHeads(ConfigFields fields, int heads) {
      return fields.positiveOr("num_key_value_heads", 8, heads);
    }

    @Override
    List<Integer> windows(ConfigFields fields, int layers, int longest) {
      return everywhere(fields.positiveOr("sliding_window", 4096, ALL), layers);
    }
  },

  QWEN2("Qwen2", 32_768) {
    @Override
    int kvHeads(ConfigFields fields, int heads) {
      return fields.positiveOr("num_key_value_heads", 32, heads);
    }

    @Override
    Parts parts(ConfigFields fields) {
      fields.refuseIfOn("attention_bias");
      fields.refuseIfOn("mlp_bias");
      return new Parts(/* qkvBias= */ true, false, false, false);
    }

    @Override
    List<Integer> windows(ConfigFields fields, int layers, int longest) {
      return ofSomeLayers(fields, layers);
    }
  },

  QWEN3("Qwen3", 32_768) {
    @Override
    int kvHeads(ConfigFields fields, int heads) {
      return fields.positiveOr("num_key_value_heads", 32, heads);
    }

    @Override
    int headDim(ConfigFields fields, int ofHidden) {
      return fields.positiveOr("head_dim", 128, ofHidden);
    }

    @Override
    Parts parts(ConfigFields fields) {
      fields.refuseIfOn("mlp_bias");
      boolean bias = fields.isOn("attention_bias");
      return new Parts(bias, bias, false, /* headNorms= */ true);
    }

    @Override
    List<Integer> windows(ConfigFields fields, int layers, int longest) {
      return ofSomeLayers(fields, layers);
    }
  };

  /** Of a family's relatives those that are not called by its name. */
  private static final Map<String, String> RELATIVES =
      Map.of("ministral", "mistral", "mixtral", "mistral", "pixtral", "mistral", "mllama", "llama");

  /** No window. */
  static final int ALL = Integer.MAX_VALUE;

  private final String title;
  private final int defaultPositions;

  /**
   * What some families' layers have beside their products and two norms.
   *
   * @param qkvBias a bias of query, key and value
   * @param outputBias a bias of the attention's output
   * @param mlpBias biases of gate, up and down
   * @param headNorms an RMSNorm of each head of query and key, before the rotation
   */
  record Parts(boolean qkvBias, boolean outputBias, boolean mlpBias, boolean headNorms)
      implements Serializable {}

  Family(String title, int defaultPositions) {
    this.title = title;
    this.defaultPositions = defaultPositions;
  }

  /** What its classes' names begin with in transformers. */
  String title() {
    return title;
  }

  /** The value of {@code model_type}. */
  String type() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Family of(ConfigFields fields) {
    List<String> types = Stream.of(values()).map(Family::type).toList();
    String type = fields.text("model_type");
    if (!types.contains(type)) {
      throw fields.unsupported("model_type", String.join(", ", types) + nearest(type));
    }
    return valueOf(type.toUpperCase(Locale.ROOT));
  }

  /** The family that a relative of it is called after: models of the same people may be of it. */
  private static String nearest(String type) {
    String name = RELATIVES.getOrDefault(type.replaceFirst("[0-9_].*", ""), type);
    return Stream.of(values())
        .map(Family::type)
        .filter(name.toLowerCase(Locale.ROOT)::startsWith)
        .findFirst()
        .map(family -> " (nearest to it: " + family + ")")
        .orElse("");
  }

  /** Which positions the model was made for. */
  int maxPositions(ConfigFields fields) {
    return fields.positiveOr("max_position_embeddings", defaultPositions);
  }

  int kvHeads(ConfigFields fields, int heads) {
    return fields.positiveOr("num_key_value_heads", heads);
  }

  /**
   * @param ofHidden the width of a head if all of them are as wide as the residual stream
   */
  int headDim(ConfigFields fields, int ofHidden) {
    return fields.positiveOr("head_dim", ofHidden);
  }

  Parts parts(ConfigFields fields) {
    fields.refuseIfOn("attention_bias");
    fields.refuseIfOn("mlp_bias");
    return new Parts(false, false, false, false);
  }

  /** By layer: how many tokens a token looks at, itself included; {@link #ALL} without a window. */
  abstract List<Integer> windows(ConfigFields fields, int layers, int longest);

  private static List<Integer> everywhere(int window, int layers) {
    return Collections.nCopies(layers, window);
  }

  /** Qwen's: off unless {@code use_sliding_window}; then from {@code max_window_layers} on. */
  private static List<Integer> ofSomeLayers(ConfigFields fields, int layers) {
    int window =
        fields.isOn("use_sliding_window") ? fields.positiveOr("sliding_window", 4096, ALL) : ALL;
    int first = fields.notNegativeOr("max_window_layers", 28);
    Optional<List<Boolean>> listed = fields.layerTypes(layers);
    if (window == ALL && listed.filter(types -> types.contains(true)).isPresent()) {
      throw fields.unsupported("layer_types", "full_attention alone without a sliding_window");
    }
    List<Boolean> slide =
        listed.orElse(IntStream.range(0, layers).mapToObj(i -> i >= first).toList());
    return slide.stream().map(slides -> slides ? window : ALL).toList();
  }
}
