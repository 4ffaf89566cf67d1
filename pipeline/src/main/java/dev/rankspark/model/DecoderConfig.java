package dev.rankspark.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rankspark.InputException;
import java.io.Serializable;
import java.util.List;

/**
 * The shape of a decoder, as its {@code config.json} gives it. All families are one program; what
 * differs is here, in {@link Family} and in the table of weights.
 *
 * @param family by its {@code model_type}
 * @param vocab rows of the embedding
 * @param hidden width D of the residual stream
 * @param intermediate width of the MLP
 * @param layers decoder layers
 * @param heads query heads
 * @param kvHeads key and value heads; divides {@code heads}
 * @param headDim width of one head, even; not always {@code hidden / heads}
 * @param normEps epsilon of RMSNorm
 * @param rope the rotary positions
 * @param parts what a layer has beside its products and two norms
 * @param windows by layer: how many tokens a token looks at, itself included; {@link Family#ALL}
 *     for all before it
 */
public record DecoderConfig(
    Family family,
    int vocab,
    int hidden,
    int intermediate,
    int layers,
    int heads,
    int kvHeads,
    int headDim,
    double normEps,
    Rope rope,
    Family.Parts parts,
    List<Integer> windows)
    implements Serializable {

  /**
   * Names of all weights are made before the weights are looked for: no memory by a number alone.
   */
  private static final int MOST_LAYERS = 10_000;

  /**
   * What other families, or other programs for these, compute with: off where absent, null or
   * false.
   */
  private static final List<String> UNSUPPORTED =
      List.of(
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
   * @param longest the longest text in tokens that will be scored
   */
  public static DecoderConfig parse(JsonNode config, String file, int longest) {
    ConfigFields fields = new ConfigFields(config, file);
    fields.refuseOtherRerankers();
    Family family = Family.of(fields);
    fields.checkArchitecture(family.title());
    if (config.has("hidden_act")) {
      fields.oneOf("hidden_act", "silu", "swish");
    }
    UNSUPPORTED.forEach(fields::refuseIfOn);
    fields.refuseIfOff("is_causal"); // version 5 of transformers reads it
    UNSUPPORTED_FACTORS.forEach(fields::refuseUnlessOne);
    int hidden = fields.positive("hidden_size");
    int heads = fields.positive("num_attention_heads");
    int kvHeads = family.kvHeads(fields, heads);
    if (heads % kvHeads != 0) {
      throw InputException.of(
          "%s: num_attention_heads %d is not a multiple of num_key_value_heads %d",
          file, heads, kvHeads);
    }
    int headDim = family.headDim(fields, hidden / heads);
    if (headDim < 2 || headDim % 2 != 0) {
      throw InputException.of(
          "%s: head_dim %d is not supported; supported: even numbers from 2 on", file, headDim);
    }
    int layers = fields.positive("num_hidden_layers");
    if (layers > MOST_LAYERS) {
      throw InputException.of(
          "%s: num_hidden_layers: expected at most %d, got %d", file, MOST_LAYERS, layers);
    }
    return new DecoderConfig(
        family,
        fields.positive("vocab_size"),
        hidden,
        fields.positive("intermediate_size"),
        layers,
        heads,
        kvHeads,
        headDim,
        fields.positiveOr("rms_norm_eps", 1e-6),
        new Rope(
            fields.ropeTheta(), fields.ropeScaling(() -> family.maxPositions(fields), longest)),
        family.parts(fields),
        family.windows(fields, layers, longest));
  }

  /** transformers' class for a reranker of this family. */
  public String classifierArchitecture() {
    return family.title() + ConfigFields.CLASSIFIER;
  }

  /** The shortest window that some layer has, {@link Family#ALL} without one. */
  int window() {
    return windows.stream().mapToInt(window -> window).min().orElse(Family.ALL);
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
}
