package dev.rankspark.model;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.Weight;
import dev.rankspark.model.PackedTexts.Block;
import dev.rankspark.model.PackedTexts.Prefix;
import dev.rankspark.progress.ByteCount;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A LLaMA-type cross encoder on one device: token ids in, one relevance score per text out
 * (RankLLaMA, arXiv:2310.08319). The arithmetic is the TorchScript program {@code decoder.py}
 * beside this class; the weights are merged with the adapter as PEFT's {@code merge_and_unload}
 * does and live inside the program. One instance serves all threads of an executor.
 */
public final class CrossEncoder implements BatchModel, AutoCloseable {
  /** Rows of the products that packed weights are laid out for: a usual batch on a CPU. */
  private static final long PACKED_FOR_ROWS = 1_024;

  private final DecoderConfig config;
  private final PtNDManager manager;
  private final Program program;
  private final PtNDArray cos;
  private final PtNDArray sin;
  private final List<IValue> layers = new ArrayList<>();
  private IValue embedding;
  private IValue head;

  private CrossEncoder(DecoderConfig config, Device device, int longest) {
    this.config = config;
    this.manager = (PtNDManager) NDManager.newBaseManager(device, "PyTorch");
    this.program = new Program("Decoder", device);
    RotaryTable table = RotaryTable.of(longest, config.headDim(), config.rope());
    Shape shape = new Shape(longest, config.headDim());
    this.cos = (PtNDArray) manager.create(table.cos(), shape);
    this.sin = (PtNDArray) manager.create(table.sin(), shape);
  }

  /**
   * Loads weights; see {@link WeightLoader}. Local files are mapped, and must stay as they are
   * until {@link #close}.
   *
   * @param weights of the whole model, each of the shape that {@code config} says
   * @param longest the longest text in tokens that will be scored
   * @param threads libtorch's threads for the arithmetic
   * @param told of the weights' bytes
   * @throws DeviceMemoryException if the device has no memory for them
   */
  public static CrossEncoder load(
      Map<String, Weight> weights,
      DecoderConfig config,
      Hardware hardware,
      Device device,
      int longest,
      int threads,
      ByteCount told) {
    try {
      return load(weights, config, hardware, device, longest, threads, WeightLoader.CHUNK, told);
    } catch (EngineException e) {
      throw DeviceMemoryException.of(e);
    }
  }

  /**
   * @param chunk elements of a weight that are converted at once
   */
  static CrossEncoder load(
      Map<String, Weight> weights,
      DecoderConfig config,
      Hardware hardware,
      Device device,
      int longest,
      int threads,
      long chunk,
      ByteCount told) {
    DeviceMemory.check(weights.values(), hardware.dtype(), device);
    Torch.prepareThread(threads);
    CrossEncoder encoder = new CrossEncoder(config, device, longest);
    try {
      encoder.load(weights, hardware, chunk, told);
      return encoder;
    } catch (RuntimeException | Error e) {
      encoder.close();
      throw e;
    }
  }

  /** Lays each layer's weights out as the device multiplies by them fastest, once it is there. */
  private void load(Map<String, Weight> weights, Hardware hardware, long chunk, ByteCount told) {
    try (ProgramCall call = program.call("configure", manager)) {
      call.with("heads", config.heads()).with("kv_heads", config.kvHeads());
      call.with("eps", config.normEps()).with("layout", layout(hardware));
      call.run();
    }
    Architecture architecture = Architecture.of(config);
    WeightLoader loader = new WeightLoader(program, manager, hardware, chunk, weights, told);
    embedding = loader.load(Architecture.EMBEDDING);
    List<List<String>> ofHead = List.of(List.of(Architecture.NORM), List.of(Architecture.HEAD));
    try (ProgramCall call = program.call("arrange_head", manager)) {
      head = call.with("weights", loader.load(ofHead)).value();
    }
    for (int i = 0; i < config.layers(); i++) {
      try (ProgramCall call = program.call("arrange", manager)) {
        call.with("weights", loader.load(architecture.layer(i)));
        layers.add(call.with("is_last", i == config.layers() - 1).value());
      }
    }
  }

  /** See {@code configure} in the program. */
  private static long layout(Hardware hardware) {
    if (hardware.dtype() == Dtype.INT8) {
      return -1;
    }
    return hardware.packsWeights() && !hardware.splitsFloat32() ? PACKED_FOR_ROWS : 0;
  }

  /**
   * Scores one batch.
   *
   * @param batch texts of no more tokens than the model was loaded for
   * @throws InputException if an id is not in the model's vocabulary
   */
  @Override
  public float[] score(PackedTexts batch, int threads) {
    config.checkVocabulary(batch.ids());
    Torch.prepareThread(threads);
    int longest =
        batch.blocks().stream()
            .mapToInt(block -> block.prefix().length() + block.length())
            .max()
            .orElse(0);
    long window = config.window() < longest ? config.window() : 0;
    try (IValue context = context(batch, window)) {
      IValue x = embed(batch); // each call closes what it is given
      for (int i = 0; i < layers.size(); i++) {
        try (ProgramCall call = program.call("layer", manager)) {
          call.withKept("layer", layers.get(i)).with("x", x).withKept("batch", context);
          x = call.with("windowed", config.windows().get(i) <= window).value();
        }
      }
      try (ProgramCall call = program.call("score", manager)) {
        return Arrays.copyOf(call.withKept("head", head).with("x", x).floats(), batch.texts());
      }
    } catch (EngineException e) {
      throw DeviceMemoryException.of(e);
    }
  }

  private IValue embed(PackedTexts batch) {
    try (ProgramCall call = program.call("embed", manager)) {
      return call.withKept("embedding", embedding).withVector("ids", batch.ids()).value();
    }
  }

  /** What all layers need to know of a batch. */
  private IValue context(PackedTexts batch, long window) {
    try (ProgramCall call = program.call("batch", manager)) {
      call.withVector("positions", batch.positions()).withVector("ends", batch.ends());
      call.withEach("prefix_rows", batch.prefixes(), Prefix::row);
      call.withEach("prefix_lengths", batch.prefixes(), Prefix::length);
      call.withEach("block_texts", batch.blocks(), Block::text);
      call.withEach("block_counts", batch.blocks(), Block::texts);
      call.withEach("block_rows", batch.blocks(), Block::row);
      call.withEach("block_lengths", batch.blocks(), Block::length);
      call.withEach("block_prefix_rows", batch.blocks(), block -> block.prefix().row());
      call.withEach("block_prefix_lengths", batch.blocks(), block -> block.prefix().length());
      call.with("window", window).with("cos", cos).with("sin", sin);
      return call.withKept("like", embedding).value();
    }
  }

  @Override
  public void close() {
    Stream.concat(Stream.of(embedding, head), layers.stream())
        .filter(Objects::nonNull) // it was not loaded whole
        .forEach(IValue::close);
    program.close();
    manager.close();
  }
}
