package dev.rankspark.train;

import dev.rankspark.DeviceException;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.AdapterSettings;
import dev.rankspark.checkpoint.AdapterWriter;
import dev.rankspark.checkpoint.LoraAdapter;
import dev.rankspark.checkpoint.LoraFactors;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.checkpoint.ModelWriter;
import dev.rankspark.checkpoint.NewTensor;
import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.checkpoint.StorageType;
import dev.rankspark.checkpoint.StoredTensor;
import dev.rankspark.checkpoint.Weight;
import dev.rankspark.files.OutputDirectory;
import dev.rankspark.hub.HubSnapshot;
import dev.rankspark.model.DecoderConfig;
import dev.rankspark.model.DeviceMemoryException;
import dev.rankspark.model.Hardware;
import dev.rankspark.model.TrainableEncoder;
import dev.rankspark.model.TrainedParameters;
import dev.rankspark.model.TrainedParameters.Part;
import dev.rankspark.progress.ByteCount;
import dev.rankspark.prompt.PairEncoder;
import dev.rankspark.prompt.Pooling;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.reranker.ModelPaths;
import dev.rankspark.reranker.OpenedModel;
import dev.rankspark.reranker.OpenedModel.Head;
import dev.rankspark.train.TrainOptions.Lora;
import dev.rankspark.train.TrainOptions.Model;
import dev.rankspark.train.TrainOptions.Trained;
import dev.rankspark.train.TrainOptions.Trained.GivenAdapter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.apache.hadoop.conf.Configuration;

/**
 * What is trained: a base, and the factors or weights that change. Knows where they begin and how
 * they are written; reads no weights until it is loaded.
 */
final class TrainedModel {
  /** Elements of a tensor by which it is known: more than any head or norm has. */
  private static final long SUMMED = 1 << 15;

  private final Model paths;
  private final RerankerCheckpoint base;
  private final ModelDirectory tokenizer;
  private final DecoderConfig config;
  private final Map<String, Weight> weights;
  private final Trained trained;
  private final Optional<LoraAdapter> adapter;
  private final TrainedParameters parameters;
  private final PromptOptions prompt;

  private TrainedModel(
      Model paths,
      RerankerCheckpoint base,
      ModelDirectory tokenizer,
      DecoderConfig config,
      Map<String, Weight> weights,
      Trained trained,
      Optional<LoraAdapter> adapter,
      PromptOptions prompt) {
    this.paths = paths;
    this.base = base;
    this.tokenizer = tokenizer;
    this.config = config;
    this.weights = weights;
    this.trained = trained;
    this.adapter = adapter;
    this.prompt = prompt;
    this.parameters =
        trained
            .factors()
            .map(lora -> TrainedParameters.lora(config, lora.r(), Set.copyOf(lora.targetModules())))
            .orElseGet(() -> TrainedParameters.full(config));
  }

  /**
   * Checks a base and the adapter to go on from, without reading their weights.
   *
   * @param asked of an adapter to go on from, its own settings count
   * @throws InputException if a file is missing or broken, or cannot be trained
   */
  static TrainedModel open(Model paths, Trained asked, PromptOptions prompt, Configuration hadoop) {
    OpenedModel opened =
        OpenedModel.open(
            new ModelPaths(
                paths.path(), Optional.empty(), Optional.empty(), Optional.of(paths.tokenizer())),
            prompt.maxLength(),
            Head.MAY_BE_ABSENT,
            hadoop);
    RerankerCheckpoint base = opened.checkpoint();
    if (base.adapter().isPresent()) {
      throw InputException.of(
          "%s is an adapter: name its base with --model-name-or-path, and the adapter, to go on from"
              + " it, with --lora-name-or-path",
          paths.path());
    }
    if (base.isBackbone()) {
      throw InputException.of(
          "%s is a backbone reranker (reranker_head.pt), which cannot be trained here; merge it to a"
              + " whole model first",
          paths.path());
    }
    Map<String, Weight> weights = opened.weights();
    Optional<LoraAdapter> adapter =
        asked
            .adapter()
            .map(path -> ModelDirectory.open(path, "--lora-name-or-path", hadoop))
            .map(LoraAdapter::open);
    Trained trained = adapter.isPresent() ? ofAdapter(adapter.get(), asked) : asked;
    if (adapter.isPresent()) {
      weights = withWholes(weights, adapter.get());
    }
    TrainedModel model =
        new TrainedModel(
            paths, base, opened.tokenizer(), opened.config(), weights, trained, adapter, prompt);
    adapter.ifPresent(model::checkFits);
    return model;
  }

  /** The base's weights with those that the adapter brings whole; they stay as they are. */
  private static Map<String, Weight> withWholes(Map<String, Weight> weights, LoraAdapter adapter) {
    if (!adapter.trainedWholes().isEmpty()) {
      throw InputException.of(
          "%s trains %s whole (modules_to_save), which cannot be trained on here; merge it into its"
              + " base and begin a new adapter",
          adapter.path(), String.join(", ", adapter.trainedWholes()));
    }
    return RerankerCheckpoint.withWholes(weights, adapter);
  }

  /** An adapter to go on from has each factor, of its shape, and no others. */
  private void checkFits(LoraAdapter adapter) {
    if (adapter.isForBackbone()) {
      throw InputException.of(
          "%s was trained on a backbone, but %s is used as a whole model",
          adapter.path(), base.base().path());
    }
    Set<String> unknown = new TreeSet<>(adapter.factors().keySet());
    for (Part part : parameters.parts()) {
      unknown.remove(part.name());
      LoraFactors factors = adapter.factors().get(part.name());
      Optional<StoredTensor> stored =
          switch (part.role()) {
            case LORA_A -> Optional.ofNullable(factors).map(LoraFactors::a);
            case LORA_B -> Optional.ofNullable(factors).map(LoraFactors::b);
            case WHOLE -> adapter.head();
          };
      if (stored.isEmpty() && part.role() == TrainedParameters.Role.WHOLE) {
        continue; // a head is the base's, or drawn
      }
      if (stored.isEmpty() || !Arrays.equals(stored.get().shape(), part.shape())) {
        throw InputException.of(
            "%s does not fit %s: expected %s of shape %s, got %s",
            adapter.path(),
            base.base().path(),
            name(part),
            Arrays.toString(part.shape()),
            stored.isEmpty() ? "none" : stored.get());
      }
    }
    if (!unknown.isEmpty()) {
      throw InputException.of(
          "%s does not fit %s, which has no %s",
          adapter.path(), base.base().path(), unknown.iterator().next());
    }
  }

  /** As PEFT trains on: by the adapter's own configuration, with the dropout that is asked for. */
  private static Trained ofAdapter(LoraAdapter adapter, Trained asked) {
    int r = 0;
    List<String> modules = new ArrayList<>();
    for (Map.Entry<String, LoraFactors> module : adapter.factors().entrySet()) {
      int rank = (int) module.getValue().a().shape()[0];
      if ((r != 0 && rank != r) || module.getValue().scaling() != adapter.scaling()) {
        throw InputException.of(
            "%s: %s has another rank or scaling than the rest (rank_pattern, alpha_pattern), which"
                + " cannot be trained on",
            adapter.path(), module.getKey());
      }
      r = rank;
      String end = module.getKey().replaceFirst(".*\\.", "");
      if (!modules.contains(end)) {
        modules.add(end);
      }
    }
    return new GivenAdapter(
        asked.adapter().orElseThrow(),
        new Lora(r, adapter.scaling() * r, asked.factors().orElseThrow().dropout(), modules));
  }

  /** Which weights are trained, with the LoRA settings that count. */
  Trained trained() {
    return trained;
  }

  TrainedParameters parameters() {
    return parameters;
  }

  PairEncoder loadTokenizer() {
    return PairEncoder.load(tokenizer, prompt, Pooling.LAST_BEFORE_PADDING);
  }

  /**
   * Tells models of one shape apart: a sum over the configuration, the beginning of every tensor,
   * of the base and the adapter, and the tokenizer's files.
   */
  String sum() {
    CRC32C sum = new CRC32C();
    sum.update(base.config().toString().getBytes(StandardCharsets.UTF_8));
    Stream<StoredTensor> ofAdapter =
        adapter.stream()
            .flatMap(
                lora ->
                    Stream.concat(
                        lora.factors().values().stream()
                            .flatMap(factors -> Stream.of(factors.a(), factors.b())),
                        lora.head().stream()));
    Stream.concat(weights.values().stream().map(Weight::stored), ofAdapter)
        .forEach(tensor -> sum.update(tensor.bytes(0, (int) Math.min(SUMMED, tensor.elements()))));
    ModelWriter.tokenizerFiles(tokenizer).values().forEach(sum::update);
    return String.format(Locale.ROOT, "crc32c %08x", sum.getValue());
  }

  /**
   * Loads the frozen weights and sets the trained ones to where training begins.
   *
   * @param told of the weights' bytes
   * @throws DeviceException if the device has no memory for them
   */
  TrainableEncoder load(
      Hardware hardware,
      Optional<String> gpu,
      boolean checkpointing,
      int threads,
      long seed,
      ByteCount told) {
    double scaling = trained.factors().map(lora -> lora.alpha() / lora.r()).orElse(0.0);
    double dropout = trained.factors().map(Lora::dropout).orElse(0.0);
    TrainableEncoder encoder;
    try {
      encoder =
          TrainableEncoder.load(
              weights,
              config,
              hardware,
              hardware.device(gpu),
              parameters,
              new TrainableEncoder.Settings(scaling, dropout, checkpointing),
              prompt.maxLength(),
              threads,
              told);
    } catch (DeviceMemoryException e) {
      throw e.ofModel(paths.path(), hardware, "--bf16, --lora, or fewer workers");
    }
    try {
      begin(encoder, seed);
      return encoder;
    } catch (RuntimeException e) {
      encoder.close();
      throw e;
    }
  }

  private void begin(TrainableEncoder encoder, long seed) {
    Random random = new Random(seed);
    // Drawn first, so that it does not depend on which modules are adapted.
    encoder.setParameters(parameters.head().from(), head(random));
    for (Part part : parameters.parts()) {
      switch (part.role()) {
        case LORA_A -> encoder.setParameters(part.from(), loraA(part, random));
        case LORA_B ->
            adapter
                .map(lora -> lora.factors().get(part.name()))
                .ifPresent(lora -> encoder.setParameters(part.from(), lora.b().floats()));
        case WHOLE -> {} // loaded, or the head
      }
    }
  }

  /** The adapter's, the base's own, or as transformers draws a new one. */
  private float[] head(Random random) {
    Optional<StoredTensor> stored =
        adapter
            .flatMap(LoraAdapter::head)
            .or(() -> Optional.ofNullable(weights.get(TrainedParameters.HEAD)).map(Weight::stored));
    if (stored.isPresent()) {
      return stored.get().floats();
    }
    // LlamaPreTrainedModel._init_weights: normal, of standard deviation initializer_range
    double deviation = base.config().path("initializer_range").asDouble(0.02);
    float[] head = new float[parameters.head().size()];
    for (int i = 0; i < head.length; i++) {
      head[i] = (float) (random.nextGaussian() * deviation);
    }
    return head;
  }

  /** The adapter's, or as PEFT begins: uniform within 1 / sqrt(in); B begins as zeros. */
  private float[] loraA(Part part, Random random) {
    Optional<LoraFactors> factors = adapter.map(lora -> lora.factors().get(part.name()));
    if (factors.isPresent()) {
      return factors.get().a().floats();
    }
    double bound = 1 / Math.sqrt((double) part.shape()[1]);
    float[] values = new float[part.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) ((2 * random.nextDouble() - 1) * bound);
    }
    return values;
  }

  /**
   * Writes an adapter, or the whole model where every weight was trained, and the tokenizer.
   *
   * @param values of all parameters
   */
  void write(OutputDirectory directory, float[] values) {
    List<NewTensor> tensors = new ArrayList<>();
    for (Part part : parameters.parts()) {
      tensors.add(NewTensor.part(name(part), values, part.from(), part.shape()));
    }
    if (trained.factors().isEmpty()) {
      ModelWriter.write(
          directory,
          base.base(),
          tokenizer,
          ModelWriter.classifierConfig(
              base.config(), config.classifierArchitecture(), StorageType.FLOAT32),
          tensors,
          ModelWriter.parseShardSize(ModelWriter.DEFAULT_SHARD_SIZE));
      return;
    }
    Lora lora = trained.factors().get();
    AdapterWriter.write(
        directory,
        new AdapterSettings(
            lora.r(), lora.alpha(), lora.dropout(), lora.targetModules(), baseName()),
        tensors,
        adapter.map(LoraAdapter::wholes).orElse(Map.of()));
    ModelWriter.copyTokenizer(tokenizer, directory);
  }

  /** What an adapter calls its base: a snapshot of the cache by its name, which others know. */
  private String baseName() {
    return HubSnapshot.of(paths.path()).map(HubSnapshot::name).orElse(paths.path());
  }

  private String name(Part part) {
    return switch (part.role()) {
      case LORA_A -> AdapterWriter.loraA(part.name());
      case LORA_B -> AdapterWriter.loraB(part.name());
      case WHOLE -> trained.factors().isEmpty() ? part.name() : AdapterWriter.HEAD;
    };
  }

  /**
   * The state that training goes on from, as a checkpoint keeps it beside the model's own files.
   */
  static List<NewTensor> state(TrainableEncoder encoder, float[] values) {
    Map<String, float[]> vectors = new LinkedHashMap<>();
    vectors.put("parameters", values); // in float32, whatever dtype the model is written in
    vectors.put("exp_avg", encoder.firstMoment());
    vectors.put("exp_avg_sq", encoder.secondMoment());
    List<NewTensor> tensors = new ArrayList<>();
    vectors.forEach((name, vector) -> tensors.add(NewTensor.of(name, vector, vector.length)));
    return tensors;
  }

  /** Goes on from a state that {@link #state} wrote. */
  void restore(TrainableEncoder encoder, TrainingCheckpoint checkpoint) {
    Map<String, StoredTensor> state = checkpoint.optimizer();
    encoder.setParameters(0, vector(state, "parameters", checkpoint));
    encoder.setMoments(
        vector(state, "exp_avg", checkpoint), vector(state, "exp_avg_sq", checkpoint));
  }

  private float[] vector(
      Map<String, StoredTensor> state, String name, TrainingCheckpoint checkpoint) {
    StoredTensor tensor = state.get(name);
    if (tensor == null || tensor.elements() != parameters.elements()) {
      throw InputException.of(
          "%s: expected %d numbers of %s, got %s",
          checkpoint.path(), parameters.elements(), name, tensor == null ? "none" : tensor);
    }
    return tensor.floats();
  }
}
