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
import dev.rankspark.model.WholeTexts.Prefix;
import dev.rankspark.progress.ByteCount;
import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

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

  private final DecoderConfig config;
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
  private final List<IValue> layers = new ArrayList<>();
  private IValue embedding;
  private IValue norm;
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
      DecoderConfig config,
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
      DecoderConfig config,
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
    try (ProgramCall call = program.call("configure", manager)) {
      call.with("heads", config.heads()).with("kv_heads", config.kvHeads());
      call.with("eps", config.normEps());
      call.with("ranks", trained.ranks()).with("outputs", trained.outputs());
      call.with("layer_sizes", trained.layerSizes());
      call.with("full", trained.isFull()).with("scaling", settings.scaling);
      call.run();
    }
    Map<String, Weight> backbone = new LinkedHashMap<>(weights);
    backbone.remove(Architecture.HEAD); // it is a parameter
    WeightLoader loader =
        new WeightLoader(program, manager, hardware, WeightLoader.CHUNK, backbone, told);
    long dtype = hardware.compute().torchCode();
    embedding = trained(loader.load(Architecture.EMBEDDING), 0, dtype);
    norm = trained(loader.load(Architecture.NORM), trained.norm(), dtype);
    Architecture architecture = Architecture.of(config);
    for (int i = 0; i < config.layers(); i++) {
      try (ProgramCall call = program.call("arrange", manager)) {
        call.with("weights", loader.load(architecture.layer(i)));
        call.with("number", i).with("is_last", i == config.layers() - 1);
        call.with("parameters", parameters).with("first", trained.layer(i));
        layers.add(call.with("dtype", dtype).value());
      }
    }
  }

  /** In full training a weight becomes a part of the parameters. */
  private IValue trained(IValue weight, long at, long dtype) {
    if (!trained.isFull()) {
      return weight;
    }
    try (ProgramCall call = program.call("trained", manager)) {
      call.with("weight", weight).with("parameters", parameters);
      return call.with("at", at).with("dtype", dtype).value();
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
    if (!changed) {
      return;
    }
    if (trained.isFull()) {
      renew(embedding, 0);
      renew(norm, trained.norm());
    }
    for (IValue layer : layers) {
      try (ProgramCall call = program.call("refresh", manager)) {
        call.withKept("layer", layer).with("parameters", parameters).run();
      }
    }
    changed = false;
  }

  private void renew(IValue weight, long at) {
    try (ProgramCall call = program.call("renew", manager)) {
      call.withKept("weight", weight).with("parameters", parameters).with("at", at).run();
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
    try {
      refresh();
      try (Tape tape = new Tape(texts, context(batch))) {
        tape.forward(/* kept= */ true);
        float[] losses = tape.loss(batch, weight);
        tape.backward();
        return losses;
      }
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
    try {
      refresh();
      try (Tape tape = new Tape(whole, context(whole))) {
        tape.forward(/* kept= */ false);
        return Arrays.copyOf(tape.scores(), whole.texts());
      }
    } catch (EngineException e) {
      throw DeviceMemoryException.of(e);
    }
  }

  /** What all layers need to know of a batch. */
  private IValue context(TrainBatch batch) {
    WholeTexts texts = batch.texts();
    try (ProgramCall call = program.call("batch", manager)) {
      call.withVector("first_places", texts.firstPlaces());
      call.withEach("prefix_rows", texts.prefixes(), Prefix::row);
      call.withEach("prefix_lengths", texts.prefixes(), Prefix::length);
      call.withEach("prefix_texts", texts.prefixes(), Prefix::text);
      call.withEach("prefix_counts", texts.prefixes(), Prefix::count);
      call.with("dropout", settings.dropout).with("token_bounds", batch.tokenBounds());
      call.with("text_bounds", batch.textBounds()).with("seeds", batch.seeds());
      return context(call, texts);
    }
  }

  /** Likewise of texts that are only scored. */
  private IValue context(WholeTexts texts) {
    long[] none = {};
    try (ProgramCall call = program.call("batch", manager)) {
      call.withVector("first_places", texts.places());
      call.with("prefix_rows", none).with("prefix_lengths", none);
      call.with("prefix_texts", none).with("prefix_counts", none);
      call.with("dropout", 0.0).with("token_bounds", none);
      call.with("text_bounds", none).with("seeds", none);
      return context(call, texts);
    }
  }

  private IValue context(ProgramCall call, WholeTexts texts) {
    call.withVector("ends", texts.ends());
    call.withVector("places", texts.places()).withVector("inverse", texts.inverse());
    call.withVector("lengths", texts.lengths()).with("cos", cos).with("sin", sin);
    return call.with("window", window(texts)).withKept("like", embedding).value();
  }

  /** The window of the layers that have one, 0 if no text is longer. */
  private long window(WholeTexts texts) {
    long longest = Arrays.stream(texts.lengths()).max().orElse(0);
    return config.window() < longest ? config.window() : 0;
  }

  /** A batch on its way up through the layers, and its gradient on its way down. */
  private final class Tape implements AutoCloseable {
    private final WholeTexts texts;
    private final IValue context;
    private final long window;
    private final Deque<Pass> passes = new ArrayDeque<>();

    /** The tokens' states (N, D), those of the texts' ends (R, D), or the gradient of either. */
    private IValue state;

    Tape(WholeTexts texts, IValue context) {
      this.texts = texts;
      this.context = context;
      this.window = window(texts);
    }

    /**
     * @param kept whether the backward pass follows
     */
    void forward(boolean kept) {
      try (ProgramCall call = program.call("embed", manager)) {
        state = call.withKept("embedding", embedding).withVector("ids", texts.ids()).value();
      }
      for (int i = 0; i < layers.size(); i++) {
        IValue[] step;
        try (ProgramCall call = program.call("forward_layer", manager)) {
          call.withKept("x", state);
          step = parts(with(i, call).value());
        }
        Pass pass = new Pass(state, step[1], step[2], step[3]);
        state = step[0];
        if (!kept) {
          pass.close();
          continue;
        }
        passes.push(pass);
        if (settings.checkpointing && i + 1 < layers.size()) {
          pass.forget();
        }
      }
    }

    float[] scores() {
      try (ProgramCall call = program.call("scores", manager);
          NDArray head = parameters.get("{}:", trained.head().from())) {
        call.withKept("x", state).withKept("norm", norm).with("head", (PtNDArray) head);
        return call.floats();
      }
    }

    /** Turns round; gives each group's loss. */
    float[] loss(TrainBatch batch, double weight) {
      Shape order = new Shape(batch.groups(), batch.order().length / batch.groups());
      try (ProgramCall call = program.call("backward_loss", manager)) {
        call.with("x", state).withKept("norm", norm).with("parameters", parameters);
        call.with("order", (PtNDArray) call.arrays().create(batch.order(), order));
        call.with("weight", weight).withKept("last", layers.get(layers.size() - 1));
        call.with("norm_at", trained.isFull() ? trained.norm() : 0).with("gradient", gradient);
        state = null; // the call closes it
        IValue[] loss = parts(call.value());
        state = loss[1];
        try (IValue losses = loss[0]) {
          return losses.toTensor(call.arrays()).toFloatArray();
        }
      }
    }

    void backward() {
      for (int i = layers.size() - 1; i >= 0; i--) {
        try (Pass pass = passes.pop()) {
          pass.recall(i, this);
          try (ProgramCall call = program.call("backward_layer", manager)) {
            call.with("dx", state).withKept("x", pass.input).withKept("middle", pass.middle);
            call.withKept("attention", pass.attention).withKept("mlp", pass.mlp);
            call.withKept("layer", layers.get(i)).withKept("batch", context);
            state = null; // the call closes it
            state = call.with("gradient", gradient).value();
          }
        }
      }
      if (trained.isFull()) {
        try (ProgramCall call = program.call("backward_embedding", manager)) {
          call.withKept("dx", state).withVector("ids", texts.ids());
          call.with("at", 0).with("rows", config.vocab()).with("gradient", gradient).run();
        }
      }
    }

    private ProgramCall with(int layer, ProgramCall call) {
      call.withKept("layer", layers.get(layer)).withKept("batch", context);
      return call.with("windowed", config.windows().get(layer) <= window);
    }

    private IValue attention(int layer, IValue x) {
      try (ProgramCall call = program.call("attention", manager)) {
        return with(layer, call.withKept("x", x)).value();
      }
    }

    private IValue mlp(int layer, IValue x) {
      try (ProgramCall call = program.call("mlp", manager)) {
        call.withKept("x", x).withKept("layer", layers.get(layer));
        return call.withKept("batch", context).value();
      }
    }

    @Override
    public void close() {
      passes.forEach(Pass::close);
      if (state != null) {
        state.close();
      }
      context.close();
    }
  }

  private static IValue[] parts(IValue record) {
    try (record) {
      return record.toIValueTuple();
    }
  }

  /** A layer's forward pass: what its backward pass needs. */
  private static final class Pass implements AutoCloseable {
    private final IValue input;
    private final IValue middle;
    private IValue attention; // null once they are forgotten
    private IValue mlp;

    Pass(IValue input, IValue middle, IValue attention, IValue mlp) {
      this.input = input;
      this.middle = middle;
      this.attention = attention;
      this.mlp = mlp;
    }

    /** Lets go of what can be computed again from input and middle. */
    void forget() {
      attention.close();
      mlp.close();
      attention = null;
      mlp = null;
    }

    void recall(int layer, Tape tape) {
      if (attention == null) {
        attention = tape.attention(layer, input);
        mlp = tape.mlp(layer, middle);
      }
    }

    @Override
    public void close() {
      Stream.of(input, middle, attention, mlp).filter(Objects::nonNull).forEach(IValue::close);
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
      call.with("sizes", trained.sizes()).with("decays", trained.decays());
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
    Stream.concat(Stream.of(embedding, norm), layers.stream())
        .filter(Objects::nonNull) // it was not loaded whole
        .forEach(IValue::close);
    program.close();
    manager.close();
    memory.close();
  }
}
