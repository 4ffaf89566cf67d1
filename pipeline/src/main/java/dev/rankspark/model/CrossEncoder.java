package dev.rankspark.model;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.checkpoint.Weight;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * A LLaMA-type cross encoder on one device: token ids in, one relevance score per text out
 * (RankLLaMA, arXiv:2310.08319). The arithmetic is the TorchScript program {@code llama.py} beside
 * this class; the weights are merged with the adapter as PEFT's {@code merge_and_unload} does and
 * live inside the program. One instance serves all threads of an executor.
 */
public final class CrossEncoder implements AutoCloseable {
  /**
   * The weights with which the program starts; the layers follow. See {@link
   * LlamaConfig#fusedWeights()}.
   */
  private static final String PROGRAM = "llama.py";

  private final LlamaConfig config;
  private final int longest;
  private final PtNDManager manager;
  private final Model model;
  private final PtSymbolBlock program;
  private final PtNDArray cos;
  private final PtNDArray sin;

  private CrossEncoder(LlamaConfig config, Device device, int longest) {
    this.config = config;
    this.longest = longest;
    this.manager = (PtNDManager) NDManager.newBaseManager(device, "PyTorch");
    this.model = Model.newInstance("cross-encoder", device, "PyTorch");
    try {
      model.load(new ByteArrayInputStream(ScriptArchive.pack("Llama", source())));
    } catch (Exception e) { // DJL declares two, the program is our own: neither is the user's
      throw new IllegalStateException("the program " + PROGRAM + " does not load", e);
    }
    this.program = (PtSymbolBlock) model.getBlock();
    RotaryTable table =
        RotaryTable.of(longest, config.headDim(), config.ropeTheta(), config.ropeScaling());
    Shape shape = new Shape(longest, config.headDim());
    this.cos = (PtNDArray) manager.create(table.cos(), shape);
    this.sin = (PtNDArray) manager.create(table.sin(), shape);
  }

  /**
   * Loads the weights of a checkpoint; see {@link WeightLoader}. Local files are mapped, and must
   * stay as they are until {@link #close}.
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
    return load(checkpoint, config, hardware, device, longest, threads, WeightLoader.CHUNK);
  }

  /**
   * @param chunk elements of a weight that are converted at once
   */
  static CrossEncoder load(
      RerankerCheckpoint checkpoint,
      LlamaConfig config,
      Hardware hardware,
      Device device,
      int longest,
      int threads,
      long chunk) {
    // First of all: the table of positions takes memory by numbers that the weights may contradict.
    Map<String, Weight> weights = checkpoint.bind(config.weightShapes());
    Torch.prepareThread(threads);
    CrossEncoder encoder = new CrossEncoder(config, device, longest);
    try {
      WeightLoader loader = new WeightLoader(encoder.program, encoder.manager, hardware, chunk);
      for (List<String> names : config.fusedWeights()) {
        loader.load(names.stream().map(weights::get).toList());
      }
      return encoder;
    } catch (RuntimeException | Error e) {
      encoder.close();
      throw e;
    }
  }

  /**
   * Scores one batch.
   *
   * @param ids one row of token ids per text, each ending with the token that the head reads; rows
   *     may differ in length
   * @param threads libtorch's threads for the arithmetic
   * @return one score per row, in the order of the rows
   * @throws InputException if an id is not in the model's vocabulary
   */
  public float[] score(List<long[]> ids, int threads) {
    int width = ids.stream().mapToInt(row -> row.length).max().orElseThrow();
    if (width > longest) {
      throw new IllegalArgumentException(width + " tokens, loaded for " + longest);
    }
    // Right padding needs no mask: attention is causal, so no token sees one after it.
    long[] padded = new long[ids.size() * width];
    long[] last = new long[ids.size()];
    for (int row = 0; row < last.length; row++) {
      long[] tokens = ids.get(row);
      checkVocabulary(tokens);
      System.arraycopy(tokens, 0, padded, row * width, tokens.length);
      last[row] = tokens.length - 1L;
    }
    Torch.prepareThread(threads);
    try (PtNDManager batch = (PtNDManager) manager.newSubManager();
        IValue ids0 = IValue.from((PtNDArray) batch.create(padded, new Shape(last.length, width)));
        IValue last0 = IValue.from((PtNDArray) batch.create(last));
        IValue cos0 = IValue.from(cos);
        IValue sin0 = IValue.from(sin);
        IValue heads = IValue.from((long) config.heads());
        IValue kvHeads = IValue.from((long) config.kvHeads());
        IValue eps = IValue.from(config.normEps());
        IValue scores =
            IValueUtils.runMethod(program, "score", ids0, last0, cos0, sin0, heads, kvHeads, eps)) {
      return scores.toTensor(batch).toFloatArray();
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
    model.close();
    manager.close();
  }

  private static String source() {
    try (InputStream in = CrossEncoder.class.getResourceAsStream(PROGRAM)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
