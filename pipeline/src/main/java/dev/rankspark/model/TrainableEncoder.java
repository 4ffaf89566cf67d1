package dev.rankspark.model;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.rankspark.OptionException;
import dev.rankspark.checkpoint.Weight;
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
    RotaryTable table =
        RotaryTable.of(positions, config.headDim(), config.ropeTheta(), config.ropeScaling());
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
      int threads) {
    DeviceMemory.check(weights.values(), hardware.dtype(), device);
    Torch.prepareThread(threads);
    try {
      TrainableEncoder encoder =
          new TrainableEncoder(config, trained, settings, device, longest, threads);
      try {
        encoder.fill(weights, hardware);
        return encoder;
      } catch (RuntimeException | Error e) {
        encoder.close();
        throw e;
      }
    } catch (EngineException e) {
      throw DeviceMemoryException.of(e);
    }
  }

  private void fill(Map<String, Weight> weights, Hardware hardware) {
    WeightLoader loader = new WeightLoader(program, manager, hardware, WeightLoader.CHUNK);
    for (List<String> names : config.backboneWeights()) {
      loader.load(names.stream().map(weights::get).toList());
    }
    try (IValue parameters0 = IValue.from(parameters);
        IValue sizes = IValue.listFrom(trained.sizes());
        IValue dtype = IValue.from((long) hardware.compute().torchCode());
        IValue ranks = IValue.listFrom(trained.ranks())) {
      if (trained.isFull()) {
        program.run("unfreeze", parameters0, sizes, dtype).close();
      } else {
        program.run("widen", ranks).close();
      }
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
      try (PtNDManager arrays = (PtNDManager) manager.newSubManager();
          IValue target = IValue.from(vector);
          IValue at = IValue.from((long) first + from);
          IValue source = IValue.from((PtNDArray) arrays.create(part))) {
        program.run("put", target, at, source).close();
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
      try (IValue parameters0 = IValue.from(parameters);
          IValue sizes = IValue.listFrom(trained.sizes());
          IValue ranks = IValue.listFrom(trained.ranks());
          IValue scaling = IValue.from(settings.scaling);
          IValue full = IValue.from(trained.isFull())) {
        program.run("refresh", parameters0, sizes, ranks, scaling, full).close();
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
    config.checkVocabulary(batch.texts().ids());
    WholeTexts texts = WholeTexts.of(batch.texts());
    Torch.prepareThread(threads);
    refresh();
    int size = batch.order().length / batch.groups();
    try (PtNDManager arrays = (PtNDManager) manager.newSubManager();
        IValue ids = IValue.from((PtNDArray) arrays.create(texts.ids()));
        IValue pooled = IValue.from((PtNDArray) arrays.create(batch.texts().pooled()));
        IValue places = IValue.from((PtNDArray) arrays.create(texts.places()));
        IValue back = IValue.from((PtNDArray) arrays.create(texts.back()));
        IValue inverse = IValue.from((PtNDArray) arrays.create(texts.inverse()));
        IValue lengths = IValue.from((PtNDArray) arrays.create(texts.lengths()));
        IValue prefixes = IValue.listFrom(texts.prefixes());
        IValue order =
            IValue.from((PtNDArray) arrays.create(batch.order(), new Shape(batch.groups(), size)));
        IValue cos0 = IValue.from(cos);
        IValue sin0 = IValue.from(sin);
        IValue parameters0 = IValue.from(parameters);
        IValue ranks = IValue.listFrom(trained.ranks());
        IValue gradient0 = IValue.from(gradient);
        IValue sizes = IValue.listFrom(trained.sizes());
        IValue heads = IValue.from((long) config.heads());
        IValue kvHeads = IValue.from((long) config.kvHeads());
        IValue eps = IValue.from(config.normEps());
        IValue scaling = IValue.from(settings.scaling);
        IValue weight0 = IValue.from(weight);
        IValue checkpointing = IValue.from(settings.checkpointing);
        IValue full = IValue.from(trained.isFull());
        IValue dropout = IValue.from(settings.dropout);
        IValue tokenBounds = IValue.listFrom(batch.tokenBounds());
        IValue textBounds = IValue.listFrom(batch.textBounds());
        IValue seeds = IValue.listFrom(batch.seeds());
        IValue out =
            program.run(
                "step",
                ids,
                pooled,
                places,
                back,
                inverse,
                lengths,
                prefixes,
                order,
                cos0,
                sin0,
                parameters0,
                ranks,
                gradient0,
                sizes,
                heads,
                kvHeads,
                eps,
                scaling,
                weight0,
                checkpointing,
                full,
                dropout,
                tokenBounds,
                textBounds,
                seeds)) {
      return Arrays.copyOf(out.toTensor(arrays).toFloatArray(), batch.groups());
    } catch (EngineException e) {
      throw DeviceMemoryException.of(e);
    }
  }

  /** Scores texts with the parameters as they are, without dropout. */
  public float[] score(PackedTexts packed) {
    config.checkVocabulary(packed.ids());
    WholeTexts texts = WholeTexts.of(packed);
    Torch.prepareThread(threads);
    refresh();
    try (PtNDManager arrays = (PtNDManager) manager.newSubManager();
        IValue ids = IValue.from((PtNDArray) arrays.create(texts.ids()));
        IValue pooled = IValue.from((PtNDArray) arrays.create(packed.pooled()));
        IValue places = IValue.from((PtNDArray) arrays.create(texts.places()));
        IValue inverse = IValue.from((PtNDArray) arrays.create(texts.inverse()));
        IValue lengths = IValue.from((PtNDArray) arrays.create(texts.lengths()));
        IValue cos0 = IValue.from(cos);
        IValue sin0 = IValue.from(sin);
        IValue parameters0 = IValue.from(parameters);
        IValue ranks = IValue.listFrom(trained.ranks());
        IValue heads = IValue.from((long) config.heads());
        IValue kvHeads = IValue.from((long) config.kvHeads());
        IValue eps = IValue.from(config.normEps());
        IValue out =
            program.run(
                "scores",
                ids,
                pooled,
                places,
                inverse,
                lengths,
                cos0,
                sin0,
                parameters0,
                ranks,
                heads,
                kvHeads,
                eps)) {
      return Arrays.copyOf(out.toTensor(arrays).toFloatArray(), packed.texts());
    } catch (EngineException e) {
      throw DeviceMemoryException.of(e);
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
    try (PtNDManager arrays = (PtNDManager) manager.newSubManager();
        IValue parameters0 = IValue.from(parameters);
        IValue gradient0 = IValue.from(gradient);
        IValue firstMoment0 = IValue.from(firstMoment);
        IValue secondMoment0 = IValue.from(secondMoment);
        IValue sizes = IValue.listFrom(trained.sizes());
        IValue decays = IValue.listFrom(trained.decays());
        IValue rate0 = IValue.from(rate);
        IValue beta1 = IValue.from(optimizer.beta1);
        IValue beta2 = IValue.from(optimizer.beta2);
        IValue epsilon = IValue.from(optimizer.epsilon);
        IValue decay = IValue.from(optimizer.weightDecay);
        IValue most = IValue.from(optimizer.maxGradNorm);
        IValue step0 = IValue.from((long) step);
        IValue norm =
            program.run(
                "update",
                parameters0,
                gradient0,
                firstMoment0,
                secondMoment0,
                sizes,
                decays,
                rate0,
                beta1,
                beta2,
                epsilon,
                decay,
                most,
                step0)) {
      changed = true;
      return norm.toTensor(arrays).toFloatArray()[0];
    }
  }

  @Override
  public void close() {
    program.close();
    manager.close();
    memory.close();
  }
}
