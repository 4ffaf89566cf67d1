package dev.rankspark.model;

import dev.rankspark.checkpoint.RerankerCheckpoint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Which weights a decoder has, with their names in a checkpoint and their shapes: an embedding,
 * layers that are all alike, a last norm and a head. All that loads, fuses, merges, counts or
 * trains weights goes by this table; a family of models differs by its rows.
 */
public final class Architecture {
  public static final String EMBEDDING = "model.embed_tokens.weight";
  public static final String NORM = "model.norm.weight";
  public static final String HEAD = RerankerCheckpoint.SCORE;

  private static final String LAYERS = "model.layers.";

  private final List<LayerWeight> rows = new ArrayList<>();
  private final int vocab;
  private final int hidden;
  private final int layers;

  /**
   * What a layer's weight is stacked into. The programs have a layer's weights in this order, and
   * an empty tensor for each that there is not.
   */
  enum Slot {
    ATTENTION_NORM,
    QKV,
    QKV_BIAS,
    Q_NORM,
    K_NORM,
    O,
    O_BIAS,
    MLP_NORM,
    GATE_UP,
    GATE_UP_BIAS,
    DOWN,
    DOWN_BIAS;

    /** Whether rows are multiplied by it: then its parts may have LoRA factors. */
    boolean isProduct() {
      return this == QKV || this == O || this == GATE_UP || this == DOWN;
    }

    boolean isBias() {
      return this == QKV_BIAS || this == O_BIAS || this == GATE_UP_BIAS || this == DOWN_BIAS;
    }
  }

  /**
   * A row of the table.
   *
   * @param name in its layer, such as {@code self_attn.q_proj.weight}
   * @param shape (out, in) of a product, (out) of a bias, (width) of a norm
   * @param slot those of one slot are stacked in the table's order
   */
  record LayerWeight(String name, long[] shape, Slot slot) {
    /** Such as {@code q_proj}, of a product's weight: by which a LoRA adapter names it. */
    String module() {
      return name.replaceFirst("(.*\\.)?(\\w+)\\.\\w+$", "$2");
    }
  }

  private Architecture(DecoderConfig config) {
    vocab = config.vocab();
    hidden = config.hidden();
    layers = config.layers();
    long width = hidden;
    long q = (long) config.heads() * config.headDim();
    long kv = (long) config.kvHeads() * config.headDim();
    long mlp = config.intermediate();
    Family.Parts parts = config.parts();
    norm("input_layernorm", width, Slot.ATTENTION_NORM);
    product("self_attn.q_proj", q, width, Slot.QKV, parts.qkvBias());
    product("self_attn.k_proj", kv, width, Slot.QKV, parts.qkvBias());
    product("self_attn.v_proj", kv, width, Slot.QKV, parts.qkvBias());
    if (parts.headNorms()) {
      norm("self_attn.q_norm", config.headDim(), Slot.Q_NORM);
      norm("self_attn.k_norm", config.headDim(), Slot.K_NORM);
    }
    product("self_attn.o_proj", width, q, Slot.O, parts.outputBias());
    norm("post_attention_layernorm", width, Slot.MLP_NORM);
    product("mlp.gate_proj", mlp, width, Slot.GATE_UP, parts.mlpBias());
    product("mlp.up_proj", mlp, width, Slot.GATE_UP, parts.mlpBias());
    product("mlp.down_proj", width, mlp, Slot.DOWN, parts.mlpBias());
  }

  /** The table of a shape. */
  public static Architecture of(DecoderConfig config) {
    return new Architecture(config);
  }

  private void norm(String module, long width, Slot slot) {
    rows.add(new LayerWeight(module + ".weight", new long[] {width}, slot));
  }

  private void product(String module, long outputs, long inputs, Slot slot, boolean hasBias) {
    rows.add(new LayerWeight(module + ".weight", new long[] {outputs, inputs}, slot));
    if (hasBias) {
      Slot bias = Slot.valueOf(slot.name() + "_BIAS");
      rows.add(new LayerWeight(module + ".bias", new long[] {outputs}, bias));
    }
  }

  /** The rows of a layer. */
  List<LayerWeight> rows() {
    return rows;
  }

  /** The weights of a layer that are multiplied by, in the programs' order. */
  List<LayerWeight> products() {
    return rows.stream().filter(row -> row.slot().isProduct()).toList();
  }

  /** The name in a checkpoint of a layer's weight. */
  static String name(int layer, LayerWeight row) {
    return LAYERS + layer + "." + row.name();
  }

  /** The weights of a layer by their names in a checkpoint: for each slot those stacked in it. */
  List<List<String>> layer(int number) {
    return Stream.of(Slot.values())
        .map(
            slot ->
                rows.stream()
                    .filter(row -> row.slot() == slot)
                    .map(row -> name(number, row))
                    .toList())
        .toList();
  }

  /** All weights, by their canonical names, with their shapes. */
  public Map<String, long[]> weightShapes() {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put(EMBEDDING, new long[] {vocab, hidden});
    for (int layer = 0; layer < layers; layer++) {
      for (LayerWeight row : rows) {
        shapes.put(name(layer, row), row.shape().clone());
      }
    }
    shapes.put(NORM, new long[] {hidden});
    shapes.put(HEAD, new long[] {1, hidden});
    return shapes;
  }

  /** Numbers in all weights. */
  public long elements() {
    long ofLayer = rows.stream().mapToLong(row -> elements(row.shape())).sum();
    return (long) vocab * hidden + layers * ofLayer + 2L * hidden;
  }

  /**
   * The products of a layer: width of the input and of the output of query, key and value together,
   * of the attention's output, of gate and up together, of down.
   */
  List<int[]> productShapes() {
    return Stream.of(Slot.values())
        .filter(Slot::isProduct)
        .map(
            slot -> {
              List<long[]> shapes =
                  products().stream()
                      .filter(row -> row.slot() == slot)
                      .map(LayerWeight::shape)
                      .toList();
              long outputs = shapes.stream().mapToLong(shape -> shape[0]).sum();
              return new int[] {(int) shapes.get(0)[1], (int) outputs};
            })
        .toList();
  }

  /** Parameters of a layer's products. */
  public long layerParameters() {
    return products().stream().mapToLong(row -> elements(row.shape())).sum();
  }

  /**
   * Parameters of all layers' products: what a token is multiplied by, embedding and head aside.
   */
  public long productParameters() {
    return layers * layerParameters();
  }

  private static long elements(long[] shape) {
    return Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }
}
