package dev.rankspark.model;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import dev.rankspark.OptionException;
import dev.rankspark.checkpoint.Weight;
import dev.rankspark.model.WholeTexts.Prefix;
import dev.rankspark.progress.ByteCount;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A LLaMA-type cross encoder that is trained, on one device: groups of token ids in, losses out and
 * gradients added up; then a step of AdamW. The arithmetic is the TorchScript program {@code
 * trainer.py} beside this class, whose backward pass is written by hand. Frozen weights are held
 * once, in the training dtype; the trained parameters, their gradient and AdamW's two moments are
 * float32 vectors, laid out by {@link TrainedParameters}. For use by one thread.
 */
public final class TrainableEncoder implements AutoCloseable {
  /** Numbers of a vector that are copied at once: DJL's buffers end at 2 GiB. */
  private static final int COPIED = 1 << 26;

  private final LlamaConfig config;
  private final TrainedParameters trained;
  private final Settings settings;
  private final int threads;
  private final TrainingMemory memory;
  private final PtNDManager manager;
  private final Program program;
  private final PtNDArray cos;
  private final PtNDArray sin;
  private final PtNDArray parameters;
  private final PtNDArray gradient;
  private final PtNDArray firstMoment;
  private final PtNDArray secondMoment;
  private boolean changed = true;

  /**
   * How a model is computed in training.
   *
   * @param scaling LoRA's alpha / r
   * @param dropout of the LoRA factors' input, from 0 on, below 1
   * @param checkpointing whether a layer's inner states are computed again in the backward pass
   *     instead of kept
   */
  public record Settings(double scaling, double dropout, boolean checkpointing) {}

  /**
   * AdamW's settings (arXiv:1711.05101), with the Trainer's names.
   *
   * @param maxGradNorm the gradient is scaled down to this norm; 0 never
   */
  public record AdamW(
      double beta1, double beta2, double epsilon, double weightDecay, double maxGradNorm)
      implements Serializable {
    public AdamW {
      checkBeta("--adam-beta1", beta1);
      checkBeta("--adam-beta2", beta2);
      checkNotNegative("--adam-epsilon", epsilon);
      checkNotNegative("--weight-decay", weightDecay);
      checkNotNegative("--max-grad-norm", maxGradNorm);
    }

    private static void checkBeta(String option, double value) {
      if (!(value >= 0 && value < 1)) {
        throw OptionException.of("%s: expected 0 or more and below 1, got %s", option, value);
      }
    }

    private static void checkNotNegative(String option, double value) {
      if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
        throw OptionException.of("%s: expected 0 or more, got %s", option, value);
      }
    }
  }

  private TrainableEncoder(
      LlamaConfig config,
      TrainedParameters trained,
      Settings settings,
      Device device,
      int longest,
      int threads) {
    this.config = config;
    this.trained = trained;
    this.settings = settings;
    this.threads = threads;
    this.memory = TrainingMemory.open();
    this.manager = (PtNDManager) NDManager.newBaseManager(device, "PyTorch");
    this.program = new Program("Trainer", device);
    int positions = WholeTexts.longest(longest);
    RotaryTable table = RotaryTable.of(positions, config.headDim(), config.rope());
    Shape shape = new Shape(positions, config.headDim());
    this.cos = (PtNDArray) manager.create(table.cos(), shape);
    this.sin = (PtNDArray) manager.create(table.sin(), shape);
    Shape all = new Shape(trained.elements());
    this.parameters = (PtNDArray) manager.zeros(all);
    this.gradient = (PtNDArray) manager.zeros(all);
    this.firstMoment = (PtNDArray) manager.zeros(all);
    this.secondMoment = (PtNDArray) manager.zeros(all);
  }

  /**
   * Loads a base's weights. In full training they become the parameters; else these begin as zeros,
   * to be set by {@link #setParameters}.
   *
   * @param weights by their canonical names; the head may be absent
   * @param longest the longest text in tokens
   * @param threads libtorch's threads
   * @param told of the weights' bytes
   * @throws DeviceMemoryException if the device has no memory for them
   */
  public static TrainableEncoder load(
      Map<String, Weight> weights,
      LlamaConfig config,
      Hardware hardware,
      Device device,
      TrainedParameters trained,
      Settings settings,
      int longest,
      int threads,
      ByteCount told) {
    DeviceMemory.check(weights.values(), hardware.dtype(), device);
    Torch.prepareThread(threads);
    try {
      TrainableEncoder encoder =
          new TrainableEncoder(config, trained, settings, device, longest, threads);
      try {
        encoder.fill(weights, hardware, told);
        return encoder;
      } catch (RuntimeException | Error e) {
        encoder.close();
        throw e;
      }
    } catch (EngineException e) {
      throw DeviceMemoryException.of(e);
    }
  }

  private void fill(Map<String, Weight> weights, Hardware hardware, ByteCount told) {
    configure();
    List<Weight> loaded =
        config.backboneWeights().stream().flatMap(List::stream).map(weights::get).toList();
    WeightLoader loader =
        new WeightLoader(program, manager, hardware, WeightLoader.CHUNK, loaded, told);
    for (List<String> names : config.backboneWeights()) {
      loader.load(names.stream().map(weights::get).toList());
    }
    if (trained.isFull()) {
      try (ProgramCall call = program.call("unfreeze", manager)) {
        call.with("parameters", parameters);
        call.with("dtype", hardware.compute().torchCode());
        call.run();
      }
    } else {
      try (ProgramCall call = program.call("widen", manager)) {
        call.run();
      }
    }
  }

  /** What does not change from batch to batch. */
  private void configure() {
    try (ProgramCall call = program.call("configure", manager)) {
      call.with("heads", config.heads()).with("kv_heads", config.kvHeads());
      call.with("eps", config.normEps());
      call.with("ranks", trained.ranks()).with("outputs", trained.outputs());
      call.with("sizes", trained.sizes()).with("decays", trained.decays());
      call.with("full", trained.isFull());
      call.with("scaling", settings.scaling).with("dropout", settings.dropout);
      call.with("checkpointing", settings.checkpointing);
      call.run();
    }
  }

  /** The trained parameters, copied. */
  public float[] parameters() {
    return copy(parameters);
  }

  /** Sets some of the trained parameters. */
  public void setParameters(int from, float[] values) {
    set(parameters, from, values);
    changed = true;
  }

  /** AdamW's first moment, a running mean of the gradients, copied. */
  public float[] firstMoment() {
    return copy(firstMoment);
  }

  /** AdamW's second moment, a running mean of the gradients' squares, copied. */
  public float[] secondMoment() {
    return copy(secondMoment);
  }

  /** Sets AdamW's state, to go on where another left off. */
  public void setMoments(float[] first, float[] second) {
    set(firstMoment, 0, first);
    set(secondMoment, 0, second);
  }

  private float[] copy(PtNDArray vector) {
    float[] values = new float[trained.elements()];
    for (int from = 0, count; from < values.length; from += count) {
      count = Math.min(COPIED, values.length - from);
      try (NDArray part = vector.get("{}:{}", from, (long) from + count)) {
        System.arraycopy(part.toFloatArray(), 0, values, from, count);
      }
    }
    return values;
  }

  private void set(PtNDArray vector, int first, float[] values) {
    Torch.prepareThread(threads);
    for (int from = 0, count; from < values.length; from += count) {
      count = Math.min(COPIED, values.length - from);
      float[] part = Arrays.copyOfRange(values, from, from + count);
      try (ProgramCall call = program.call("put", manager)) {
        call.with("target", vector).with("at", (long) first + from);
        call.with("source", (PtNDArray) call.arrays().create(part));
        call.run();
      }
    }
  }

  /** The gradient that {@link #addGradient} adds to, to be summed over workers in place. */
  public NDArray gradient() {
    return gradient;
  }

  /** Brings the parameters to where the program multiplies by them, if they have changed. */
  private void refresh() {
    if (changed) {
      try (ProgramCall call = program.call("refresh", manager)) {
        call.with("parameters", parameters).run();
      } catch (EngineException e) {
        throw DeviceMemoryException.of(e);
      }
      changed = false;
    }
  }

  /**
   * Forward and backward of groups: cross entropy of each group's scores, its first text being the
   * right one (Tevatron's {@code RerankerModel.forward}).
   *
   * @param weight of each group's loss in the gradient that is added to {@link #gradient()}
   * @return each group's loss, unweighted
   * @throws DeviceMemoryException if the device has no memory for it
   */
  public float[] addGradient(TrainBatch batch, double weight) {
    WholeTexts texts = batch.texts();
    config.checkVocabulary(texts.ids());
    Torch.prepareThread(threads);
    refresh();
    Shape order = new Shape(batch.groups(), batch.order().length / batch.groups());
    try (ProgramCall call = call("step", texts)) {
      call.withVector("first_places", texts.firstPlaces());
      call.withEach("prefix_rows", texts.prefixes(), Prefix::row);
      call.withEach("prefix_lengths", texts.prefixes(), Prefix::length);
      call.withEach("prefix_texts", texts.prefixes(), Prefix::text);
      call.withEach("prefix_counts", texts.prefixes(), Prefix::count);
      call.with("token_bounds", batch.tokenBounds()).with("text_bounds", batch.textBounds());
      call.with("seeds", batch.seeds());
      call.with("order", (PtNDArray) call.arrays().create(batch.order(), order));
      call.with("weight", weight).with("gradient", gradient);
      return Arrays.copyOf(call.floats(), batch.groups());
    } catch (EngineException e) {
      throw DeviceMemoryException.of(e);
    }
  }

  /**
   * Scores texts with the parameters as they are, without dropout.
   *
   * @param texts token ids, each at least one
   */
  public float[] score(List<long[]> texts) {
    WholeTexts whole = WholeTexts.of(List.of(new WholeTexts.Alike(0, texts)));
    config.checkVocabulary(whole.ids());
    Torch.prepareThread(threads);
    refresh();
    try (ProgramCall call = call("scores", whole)) {
      return Arrays.copyOf(call.floats(), whole.texts());
    } catch (EngineException e) {
      throw DeviceMemoryException.of(e);
    }
  }

  /** A call with what the forward pass takes. */
  private ProgramCall call(String method, WholeTexts texts) {
    ProgramCall call = program.call(method, manager);
    try {
      call.withVector("ids", texts.ids()).withVector("ends", texts.ends());
      call.withVector("places", texts.places()).withVector("inverse", texts.inverse());
      call.withVector("lengths", texts.lengths());
      call.with("cos", cos).with("sin", sin).with("parameters", parameters);
      return call;
    } catch (RuntimeException | Error e) {
      call.close();
      throw e;
    }
  }

  /**
   * Takes one step of AdamW with the gradient that was added up, and zeroes it.
   *
   * @param rate the learning rate
   * @param step from 1
   * @return the gradient's norm before it was clipped
   */
  public double update(AdamW optimizer, double rate, int step) {
    Torch.prepareThread(threads);
    try (ProgramCall call = program.call("update", manager)) {
      call.with("parameters", parameters).with("gradient", gradient);
      call.with("first_moment", firstMoment).with("second_moment", secondMoment);
      call.with("rate", rate).with("step", step);
      call.with("beta1", optimizer.beta1).with("beta2", optimizer.beta2);
      call.with("epsilon", optimizer.epsilon).with("weight_decay", optimizer.weightDecay);
      call.with("max_norm", optimizer.maxGradNorm);
      changed = true;
      return call.floats()[0];
    }
  }

  @Override
  public void close() {
    program.close();
    manager.close();
    memory.close();
  }
}
