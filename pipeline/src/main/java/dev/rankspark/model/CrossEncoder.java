package dev.rankspark.model;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.checkpoint.StoredTensor;
import dev.rankspark.checkpoint.Weight;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;

/**
 * A LLaMA-type cross encoder on one device: token ids in, one relevance score per text out
 * (RankLLaMA, arXiv:2310.08319). The arithmetic is the TorchScript program {@code llama.py} beside
 * this class; the weights are merged with the adapter as PEFT's {@code merge_and_unload} does and
 * live inside the program. One instance serves all threads of an executor.
 */
public final class CrossEncoder implements AutoCloseable {
  /** Rows of the products that packed weights are laid out for: a usual batch on a CPU. */
  private static final long PACKED_FOR_ROWS = 1_024;

  private final LlamaConfig config;
  private final PtNDManager manager;
  private final Program program;
  private final PtNDArray cos;
  private final PtNDArray sin;

  private CrossEncoder(LlamaConfig config, Device device, int longest) {
    this.config = config;
    this.manager = (PtNDManager) NDManager.newBaseManager(device, "PyTorch");
    this.program = new Program("Llama", device);
    RotaryTable table = RotaryTable.of(longest, config.headDim(), config.ropeTheta());
    Shape shape = new Shape(longest, config.headDim());
    this.cos = (PtNDArray) manager.create(table.cos(), shape);
    this.sin = (PtNDArray) manager.create(table.sin(), shape);
  }

  /**
   * Loads the weights of a checkpoint, tensor by tensor.
   *
   * @param longest the longest text in tokens that will be scored
   * @param threads libtorch's threads for the arithmetic
   * @throws InputException if a weight is missing, left over or of another shape
   */
  public static CrossEncoder load(
      RerankerCheckpoint checkpoint,
      LlamaConfig config,
      Hardware hardware,
      Device device,
      int longest,
      int threads) {
    Torch.prepareThread(threads);
    CrossEncoder encoder = new CrossEncoder(config, device, longest);
    try {
      Map<String, Weight> weights = checkpoint.bind(config.weightShapes());
      for (List<String> names : config.fusedWeights()) {
        encoder.freeze(names.stream().map(weights::get).toList(), hardware);
      }
      encoder.arrange(hardware);
      return encoder;
    } catch (RuntimeException | Error e) {
      encoder.close();
      throw e;
    }
  }

  /**
   * Hands one fused weight to the program: adapter merged, rounded to the dtype, stacked. The
   * arrays share the memory of the mapped file, so the program must keep a copy; its stacking makes
   * one.
   */
  private void freeze(List<Weight> parts, Hardware hardware) {
    try (PtNDManager batch = (PtNDManager) manager.newSubManager()) {
      PtNDArray none = (PtNDArray) batch.zeros(new Shape(0));
      PtNDArray[] stored = new PtNDArray[parts.size()];
      PtNDArray[] a = new PtNDArray[parts.size()];
      PtNDArray[] b = new PtNDArray[parts.size()];
      double[] scaling = new double[parts.size()];
      for (int i = 0; i < stored.length; i++) {
        Weight part = parts.get(i);
        stored[i] = array(part.stored(), batch);
        a[i] = part.lora().map(lora -> array(lora.a(), batch)).orElse(none);
        b[i] = part.lora().map(lora -> array(lora.b(), batch)).orElse(none);
        scaling[i] = part.lora().map(lora -> lora.scaling()).orElse(0.0);
      }
      try (IValue stored0 = IValue.listFrom(stored);
          IValue a0 = IValue.listFrom(a);
          IValue b0 = IValue.listFrom(b);
          IValue scaling0 = IValue.listFrom(scaling);
          IValue dtype = IValue.from((long) hardware.dtype().torchCode());
          IValue compute = IValue.from((long) hardware.compute().torchCode())) {
        program.run("freeze", stored0, a0, b0, scaling0, dtype, compute).close();
      }
    }
  }

  /** Lays the weights out as the device multiplies by them fastest. */
  private void arrange(Hardware hardware) {
    try (IValue heads = IValue.from((long) config.heads());
        IValue kvHeads = IValue.from((long) config.kvHeads());
        IValue rows = IValue.from(hardware.packsWeights() ? PACKED_FOR_ROWS : 0)) {
      program.run("arrange", heads, kvHeads, rows).close();
    }
  }

  /** A stored tensor as an array; bfloat16, which DJL has no arrays of, widened to float32. */
  private static PtNDArray array(StoredTensor tensor, PtNDManager batch) {
    Shape shape = new Shape(tensor.shape());
    ByteBuffer bytes = tensor.bytes();
    return switch (tensor.type()) {
      case FLOAT32 -> batch.create(bytes, shape, DataType.FLOAT32);
      case FLOAT16 -> batch.create(bytes, shape, DataType.FLOAT16);
      case BFLOAT16 -> batch.create(widened(bytes), shape, DataType.FLOAT32);
      default ->
          throw InputException.of(
              "%s: %s has dtype %s; supported for weights: float32, float16, bfloat16",
              tensor.file(), tensor.name(), tensor.type());
    };
  }

  /** bfloat16 is the upper half of a float32. */
  private static ByteBuffer widened(ByteBuffer bfloat16) {
    ByteBuffer float32 =
        ByteBuffer.allocateDirect(Math.multiplyExact(bfloat16.remaining(), 2))
            .order(ByteOrder.nativeOrder());
    while (bfloat16.hasRemaining()) {
      float32.putInt(bfloat16.getShort() << 16);
    }
    return float32.flip();
  }

  /**
   * Scores one batch.
   *
   * @param batch texts of no more tokens than the model was loaded for
   * @param threads libtorch's threads for the arithmetic
   * @return one score per text, in the order of the texts
   * @throws InputException if an id is not in the model's vocabulary
   */
  public float[] score(PackedTexts batch, int threads) {
    checkVocabulary(batch.ids());
    Torch.prepareThread(threads);
    try (PtNDManager arrays = (PtNDManager) manager.newSubManager();
        IValue ids = IValue.from((PtNDArray) arrays.create(batch.ids()));
        IValue positions = IValue.from((PtNDArray) arrays.create(batch.positions()));
        IValue pooled = IValue.from((PtNDArray) arrays.create(batch.pooled()));
        IValue blocks = IValue.listFrom(batch.blocks());
        IValue cos0 = IValue.from(cos);
        IValue sin0 = IValue.from(sin);
        IValue heads = IValue.from((long) config.heads());
        IValue kvHeads = IValue.from((long) config.kvHeads());
        IValue eps = IValue.from(config.normEps());
        IValue scores =
            program.run("score", ids, positions, pooled, blocks, cos0, sin0, heads, kvHeads, eps)) {
      return scores.toTensor(arrays).toFloatArray();
    }
  }

  private void checkVocabulary(long[] tokens) {
    for (long id : tokens) {
      if (id < 0 || id >= config.vocab()) {
        throw InputException.of(
            "token id %d is not in the model's vocabulary of %d: the tokenizer belongs to another"
                + " model (--tokenizer-name)",
            id, config.vocab());
      }
    }
  }

  @Override
  public void close() {
    program.close();
    manager.close();
  }
}
