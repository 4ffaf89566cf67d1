package dev.rankspark.model;

import dev.rankspark.OptionException;
import dev.rankspark.model.Architecture.LayerWeight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;

/**
 * Which numbers of a model are trained, and where each lies in the one float32 vector that holds
 * them: the LoRA factors of some modules (arXiv:2106.09685) and the head, or every weight. The
 * vector is cut into segments, as the program {@code trainer.py} takes them; a segment has no, one
 * or several parts, one after the other.
 */
public final class TrainedParameters {
  /** The ends of the names of a layer's modules, in the program's order. */
  public static final List<String> MODULES =
      List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

  /** The head's weight, (1, hidden): always trained, always last. */
  public static final String HEAD = Architecture.HEAD;

  private static final String WEIGHT = ".weight";

  /** Where Java's arrays end. */
  private static final int MOST = Integer.MAX_VALUE - 8;

  private final boolean full;
  private final int layers;
  private final int[] ranks;
  private final long[] outputs;
  private final List<Segment> segments = new ArrayList<>();
  private final List<Part> parts = new ArrayList<>();
  private int elements;

  /**
   * Where the first layer's begin, and the layers' segments: how many are before them and theirs.
   */
  private int firstLayer;

  private int segmentsBefore;
  private int segmentsOfLayer;

  private TrainedParameters(boolean full, DecoderConfig config, int[] ranks) {
    this.full = full;
    this.layers = config.layers();
    this.ranks = ranks;
    this.outputs =
        Architecture.of(config).products().stream().mapToLong(row -> row.shape()[0]).toArray();
  }

  /** What a part is to the weight that it is named after. */
  public enum Role {
    /** The weight itself. */
    WHOLE,
    /** LoRA's A, (r, in). */
    LORA_A,
    /** LoRA's B, (out, r). */
    LORA_B
  }

  /**
   * A tensor in the vector.
   *
   * @param name a factor's module, such as {@code model.layers.0.self_attn.q_proj}, or a weight's
   *     canonical name
   * @param from where in the vector it begins
   */
  public record Part(String name, Role role, long[] shape, int from) {
    /** Elements. */
    public int size() {
      return (int) product(shape);
    }
  }

  /**
   * @param decays whether weight decay applies, as the Trainer decides it
   */
  private record Segment(int size, boolean decays) {}

  /**
   * LoRA factors of some modules in every layer, and the head.
   *
   * @param r the factors' rank, from 1 on
   * @param targetModules some of {@link #MODULES}
   */
  public static TrainedParameters lora(DecoderConfig config, int r, Set<String> targetModules) {
    int[] ranks =
        MODULES.stream().mapToInt(module -> targetModules.contains(module) ? r : 0).toArray();
    TrainedParameters parameters = new TrainedParameters(/* full= */ false, config, ranks);
    Architecture architecture = Architecture.of(config);
    parameters.addLayers(
        layer -> {
          for (LayerWeight product : architecture.products()) {
            String name = Architecture.name(layer, product);
            int rank = ranks[MODULES.indexOf(product.module())];
            parameters.factor(name, Role.LORA_A, rank, product.shape()[1]);
            parameters.factor(name, Role.LORA_B, product.shape()[0], rank);
          }
        });
    parameters.add(List.of(HEAD), architecture.weightShapes(), true);
    return parameters;
  }

  /** Every weight of the model. */
  public static TrainedParameters full(DecoderConfig config) {
    Architecture architecture = Architecture.of(config);
    Map<String, long[]> shapes = architecture.weightShapes();
    TrainedParameters parameters =
        new TrainedParameters(/* full= */ true, config, new int[MODULES.size()]);
    parameters.add(List.of(Architecture.EMBEDDING), shapes, true);
    // The Trainer leaves norms out by their class or name, and biases; Mistral's last norm escapes.
    parameters.add(List.of(Architecture.NORM), shapes, config.family() == Family.MISTRAL);
    parameters.addLayers(
        layer -> {
          for (List<String> slot : architecture.layer(layer)) {
            boolean isMatrix = !slot.isEmpty() && shapes.get(slot.get(0)).length == 2;
            parameters.add(slot, shapes, isMatrix);
          }
        });
    parameters.add(List.of(HEAD), shapes, true);
    return parameters;
  }

  private void addLayers(IntConsumer add) {
    firstLayer = elements;
    segmentsBefore = segments.size();
    for (int layer = 0; layer < layers; layer++) {
      add.accept(layer);
    }
    segmentsOfLayer = (segments.size() - segmentsBefore) / layers;
  }

  private void factor(String weight, Role role, long rows, long columns) {
    long[] shape = {rows, columns};
    if (product(shape) > 0) {
      parts.add(new Part(module(weight), role, shape, elements));
    }
    end(elements, /* decays= */ true, product(shape));
  }

  private void add(List<String> weights, Map<String, long[]> shapes, boolean decays) {
    int from = elements;
    long size = 0;
    for (String weight : weights) {
      long[] shape = shapes.get(weight);
      parts.add(new Part(weight, Role.WHOLE, shape, (int) (from + size)));
      size += product(shape);
    }
    end(from, decays, size);
  }

  private static String module(String weight) {
    return weight.substring(0, weight.length() - WEIGHT.length());
  }

  private void end(int from, boolean decays, long size) {
    if (from + size > MOST) {
      throw OptionException.of(
          "at most %,d numbers can be trained, and these are more; give --lora%s",
          MOST, full ? "" : " a smaller --lora-r");
    }
    elements = (int) (from + size);
    segments.add(new Segment((int) size, decays));
  }

  private static long product(long[] shape) {
    return Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }

  /** Whether every weight is trained, not factors beside frozen weights. */
  public boolean isFull() {
    return full;
  }

  /** How many numbers are trained. */
  public int elements() {
    return elements;
  }

  /** All tensors, in the vector's order; the head is the last. */
  public List<Part> parts() {
    return List.copyOf(parts);
  }

  /** The head, (1, hidden). */
  public Part head() {
    return parts.get(parts.size() - 1);
  }

  /** The rank of each of {@link #MODULES}; 0 where it is not adapted. */
  long[] ranks() {
    return Arrays.stream(ranks).asLongStream().toArray();
  }

  /** The width of the output of each of {@link #MODULES}. */
  long[] outputs() {
    return outputs.clone();
  }

  /** In full training, where the last norm begins. */
  long norm() {
    return segments.get(0).size;
  }

  /** Where a layer's numbers begin. */
  long layer(int number) {
    return firstLayer + (long) number * Arrays.stream(layerSizes()).sum();
  }

  /** The sizes of a layer's segments. */
  long[] layerSizes() {
    return Arrays.copyOfRange(sizes(), segmentsBefore, segmentsBefore + segmentsOfLayer);
  }

  /** The segments' sizes. */
  long[] sizes() {
    return segments.stream().mapToLong(Segment::size).toArray();
  }

  /** By segment: 1 if weight decay applies, else 0. */
  long[] decays() {
    return segments.stream().mapToLong(segment -> segment.decays ? 1 : 0).toArray();
  }
}
