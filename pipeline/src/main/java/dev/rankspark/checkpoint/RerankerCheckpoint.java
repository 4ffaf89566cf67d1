package dev.rankspark.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;

/**
 * A reranker as Tevatron's {@code RerankerModel.load} finds it ({@code
 * tevatron/reranker/modeling.py}): a whole model, alone or with an adapter beside it, or an adapter
 * directory that names its base. {@code reranker_config.json} in the given directory may say that
 * the model is a bare backbone, with its head in {@code reranker_head.pt}.
 */
public final class RerankerCheckpoint {
  static final String CONFIG = "config.json";
  private static final String RERANKER_CONFIG = "reranker_config.json";
  private static final String RERANKER_HEAD = "reranker_head.pt";
  private static final String BASE_OPTION = AdapterBase.OPTION;
  private static final String LORA_OPTION = "--lora-name-or-path";

  /** What a tokenizer is read from; of the model's configuration, its type. */
  private static final List<String> TOKENIZER =
      List.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          CONFIG);

  private static final String BACKBONE = "backbone";
  private static final String SEQUENCE_CLASSIFICATION = "sequence_classification";
  private static final String LAST = "last";
  private static final String CLS = "cls";

  /** The name of the head, (1, hidden). */
  public static final String SCORE = "score.weight";

  private static final String OUTPUT = "lm_head.weight"; // (vocabulary, hidden)
  private static final String EMBEDDING = "model.embed_tokens";
  private static final String WEIGHT = ".weight";

  private final ModelDirectory model;
  private final ModelDirectory base;
  private final JsonNode config;
  private final boolean isBackbone;
  private final String pooling;
  private final Optional<LoraAdapter> adapter;

  private RerankerCheckpoint(
      ModelDirectory model,
      ModelDirectory base,
      JsonNode rerankerConfig,
      Optional<LoraAdapter> adapter) {
    this.model = model;
    this.base = base;
    this.config = base.jsonObject(CONFIG);
    this.isBackbone =
        choice(rerankerConfig, "reranker_model_type", SEQUENCE_CLASSIFICATION, BACKBONE)
            .equals(BACKBONE);
    String chosenPooling = choice(rerankerConfig, "reranker_pooling", LAST, CLS);
    this.pooling = isBackbone ? chosenPooling : LAST;
    this.adapter = adapter;
  }

  /**
   * Finds the parts of a checkpoint and reads the adapter's header.
   *
   * @param modelPath a model or an adapter directory
   * @param loraPath an adapter for the model at {@code modelPath}
   * @param basePath the base of the adapter at {@code modelPath}, instead of the one that it names
   * @throws InputException if a directory or a configuration is missing or broken, or asks for what
   *     is not implemented
   */
  public static RerankerCheckpoint open(
      String modelPath,
      Optional<String> loraPath,
      Optional<String> basePath,
      Configuration hadoop) {
    ModelDirectory model = ModelDirectory.open(modelPath, hadoop);
    JsonNode rerankerConfig =
        model.has(RERANKER_CONFIG) ? model.jsonObject(RERANKER_CONFIG) : MissingNode.getInstance();
    if (model.has(LoraConfig.FILE)) {
      refuseAmbiguous(model, loraPath);
      ModelDirectory base =
          basePath.isPresent()
              ? ModelDirectory.open(basePath.get(), BASE_OPTION, hadoop)
              : AdapterBase.find(model);
      return new RerankerCheckpoint(
          model, base, rerankerConfig, Optional.of(LoraAdapter.open(model)));
    }
    if (basePath.isPresent()) {
      throw InputException.of(
          "%s is not an adapter (no %s): %s has no meaning for it",
          modelPath, LoraConfig.FILE, BASE_OPTION);
    }
    return new RerankerCheckpoint(
        model,
        model,
        rerankerConfig,
        loraPath.map(path -> LoraAdapter.open(ModelDirectory.open(path, LORA_OPTION, hadoop))));
  }

  /** The directory as the user gave it: a whole model, or an adapter. */
  public ModelDirectory model() {
    return model;
  }

  /** Whether it has a head of its own. */
  public boolean hasHead() {
    return isBackbone
        || adapter.flatMap(LoraAdapter::head).isPresent()
        || Weights.open(base).tensors().containsKey(SCORE);
  }

  /** The directory with {@code config.json} and the full weights. */
  public ModelDirectory base() {
    return base;
  }

  /** The model's directory as the user gave it if it has a tokenizer, else the base. */
  public ModelDirectory tokenizerDirectory() {
    boolean hasTokenizer = model.has("tokenizer.json") || model.has("tokenizer.model");
    return hasTokenizer ? model : base;
  }

  /**
   * The files that decide a score, the tokenizer's aside, as they are now; with those that would
   * take the place of one if they were there.
   */
  public List<FileState> files() {
    List<FileState> files = new ArrayList<>();
    files.add(base.state("base/", CONFIG));
    Weights.files(base).forEach(name -> files.add(base.state("base/", name)));
    files.add(model.state("head/", RERANKER_CONFIG));
    if (isBackbone) {
      files.add(model.state("head/", RERANKER_HEAD));
    }
    ModelDirectory adapted = adapter.map(LoraAdapter::directory).orElse(model);
    LoraAdapter.files(adapted).forEach(name -> files.add(adapted.state("adapter/", name)));
    return files;
  }

  /** Likewise those of a tokenizer. */
  public static List<FileState> tokenizerFiles(ModelDirectory directory) {
    return TOKENIZER.stream().map(name -> directory.state("tokenizer/", name)).toList();
  }

  /** Whether the head lies beside a bare backbone rather than in the model. */
  public boolean isBackbone() {
    return isBackbone;
  }

  /** The base's {@code config.json}, a JSON object. */
  public JsonNode config() {
    return config;
  }

  /**
   * Which token's hidden state the head sees: {@code last} or, in backbone rerankers only, {@code
   * cls} for the first.
   */
  public String pooling() {
    return pooling;
  }

  public Optional<LoraAdapter> adapter() {
    return adapter;
  }

  /**
   * Finds every weight of the model, none missing and none left over. {@code lm_head.weight} and
   * {@code *.rotary_emb.inv_freq} have no effect on a reranker and are ignored. The head {@code
   * score.weight} is the backbone reranker's {@code reranker_head.pt}; otherwise the adapter's, or
   * the base's own. A whole weight of the adapter takes the place of the base's.
   *
   * @param expectedShapes by the names of a whole model ({@code model.embed_tokens.weight}, ...,
   *     {@code score.weight})
   * @return in the order of {@code expectedShapes}
   * @throws InputException if a weight is missing, left over, of another shape or of a type that is
   *     no weight, or the adapter does not fit
   */
  public Map<String, Weight> bind(Map<String, long[]> expectedShapes) {
    return bind(expectedShapes, TokenHead.NONE);
  }

  /**
   * As {@link #bind}, but where there are words {@code score.weight} is made of rows of {@code
   * lm_head.weight}, or of the embedding where {@code tie_word_embeddings} says so.
   */
  public Map<String, Weight> bind(Map<String, long[]> expectedShapes, TokenHead head) {
    return bind(expectedShapes, head, /* headMayBeAbsent= */ false);
  }

  /**
   * As {@link #bind}, but a base without a head is no error: then there is no {@code score.weight}
   * in the result, and training makes one.
   */
  public Map<String, Weight> bindForTraining(Map<String, long[]> expectedShapes) {
    return bind(expectedShapes, TokenHead.NONE, /* headMayBeAbsent= */ true);
  }

  private Map<String, Weight> bind(
      Map<String, long[]> shapes, TokenHead tokens, boolean headMayBeAbsent) {
    Weights weights = Weights.open(base);
    Map<String, StoredTensor> stored = canonicalNames(weights.tensors());
    Optional<StoredTensor> output = Optional.ofNullable(stored.get(OUTPUT));
    stored.keySet().removeIf(RerankerCheckpoint::isWithoutEffect);
    if (tokens.isPresent()) {
      stored.put(SCORE, tokenHead(tokens, stored, output));
    } else if (isBackbone) {
      stored.put(SCORE, backboneHead());
    } else {
      adapter.flatMap(LoraAdapter::head).ifPresent(head -> stored.put(SCORE, head));
    }
    Map<String, long[]> expectedShapes = new LinkedHashMap<>(shapes);
    if (headMayBeAbsent && !stored.containsKey(SCORE)) {
      expectedShapes.remove(SCORE);
    }
    checkNames(weights.file(), stored.keySet(), expectedShapes.keySet());
    adapter.ifPresent(
        lora -> {
          checkAdapter(lora, stored.keySet());
          lora.wholes().forEach((module, whole) -> stored.put(module + WEIGHT, whole));
        });
    Map<String, Weight> bound = new LinkedHashMap<>();
    expectedShapes.forEach((name, shape) -> bound.put(name, weight(name, stored.get(name), shape)));
    return bound;
  }

  /**
   * Weights with those in place that an adapter brings whole.
   *
   * @param weights of a whole model, by name
   * @throws InputException if one is not of the model, or of another shape
   */
  public static Map<String, Weight> withWholes(Map<String, Weight> weights, LoraAdapter adapter) {
    Map<String, Weight> all = new LinkedHashMap<>(weights);
    adapter
        .wholes()
        .forEach(
            (module, whole) -> {
              Weight known = weights.get(module + WEIGHT);
              if (known == null || !Arrays.equals(known.stored().shape(), whole.shape())) {
                throw InputException.of(
                    "%s does not fit the base: expected %s, got %s",
                    adapter.path(),
                    known == null ? "no " + module + WEIGHT : known.stored(),
                    whole);
              }
              checkType(whole);
              all.put(module + WEIGHT, new Weight(whole, known.lora()));
            });
    return all;
  }

  private static void refuseAmbiguous(ModelDirectory model, Optional<String> loraPath) {
    Optional<String> weights = Weights.find(model);
    if (weights.isPresent()) {
      throw InputException.of(
          "%s holds both a model (%s) and an adapter (%s): move one of them to a directory of its own",
          model.path(), weights.get(), LoraConfig.FILE);
    }
    if (loraPath.isPresent()) {
      throw InputException.of(
          "%s is an adapter, and %s names another one: give the base model as --model-name-or-path",
          model.path(), LORA_OPTION);
    }
  }

  /** The value of a key that is one of two, the first of them being the default. */
  private String choice(JsonNode rerankerConfig, String key, String first, String second) {
    JsonNode value = rerankerConfig.path(key);
    if (value.isMissingNode()) {
      return first;
    }
    if (!value.asText().equals(first) && !value.asText().equals(second)) {
      throw InputException.of(
          "%s: %s %s is not supported, expected \"%s\" or \"%s\"",
          model.pathOf(RERANKER_CONFIG), key, Shown.text(value.toString()), first, second);
    }
    return value.asText();
  }

  /**
   * A base without a single {@code model.} is a bare backbone, as {@code from_pretrained} has it.
   */
  private static Map<String, StoredTensor> canonicalNames(Map<String, StoredTensor> tensors) {
    boolean isWhole =
        tensors.keySet().stream().anyMatch(name -> name.startsWith(WeightNames.BACKBONE));
    Map<String, StoredTensor> canonical = new LinkedHashMap<>();
    tensors.forEach(
        (name, tensor) -> canonical.put(isWhole ? name : WeightNames.canonical(name), tensor));
    return canonical;
  }

  private static boolean isWithoutEffect(String name) {
    return name.equals(OUTPUT) || name.endsWith(".rotary_emb.inv_freq");
  }

  /** Rows of (vocabulary, hidden), one less the other, in float32. */
  private StoredTensor tokenHead(
      TokenHead tokens, Map<String, StoredTensor> stored, Optional<StoredTensor> output) {
    adapter.ifPresent(this::refuseHeads);
    boolean isTied = config.path("tie_word_embeddings").asBoolean(false);
    // PEFT trains a copy of the embedding, and leaves the tied output as it was.
    Optional<StoredTensor> rows =
        isTied ? Optional.ofNullable(stored.get(EMBEDDING + WEIGHT)) : output;
    StoredTensor matrix =
        rows.orElseThrow(
            () ->
                InputException.of(
                    "no head: %s has no %s, and its %s does not say tie_word_embeddings",
                    base.path(), OUTPUT, CONFIG));
    long[] shape = matrix.shape();
    checkType(matrix);
    if (isTied) {
      output.ifPresent(untied -> checkTied(tokens, matrix, untied));
    }
    float[] head = row(matrix, tokens.trueId());
    if (tokens.hasFalse()) {
      float[] other = row(matrix, tokens.falseId());
      for (int i = 0; i < head.length; i++) {
        head[i] -= other[i];
      }
    }
    return StoredTensor.of(SCORE, head, new long[] {1, shape[1]}, matrix.file());
  }

  /** Where both are stored version 4 of transformers takes the embedding, version 5 the output. */
  private void checkTied(TokenHead tokens, StoredTensor embedding, StoredTensor output) {
    checkType(output);
    IntStream words =
        IntStream.of(tokens.trueId(), tokens.falseId()).filter(id -> id != TokenHead.NO_TOKEN);
    words.forEach(
        id -> {
          if (!Arrays.equals(row(embedding, id), row(output, id))) {
            throw InputException.of(
                "%s: %s says tie_word_embeddings, but %s is not the embedding's: versions of"
                    + " transformers disagree which one counts; set tie_word_embeddings to false,"
                    + " or remove %s",
                base.path(), CONFIG, OUTPUT, OUTPUT);
          }
        });
  }

  private static float[] row(StoredTensor matrix, int token) {
    long[] shape = matrix.shape();
    if (shape.length != 2 || token < 0 || token >= shape[0]) {
      throw InputException.of("token %d has no row in %s", token, matrix);
    }
    return matrix.floats(token * shape[1], Math.toIntExact(shape[1]));
  }

  private void refuseHeads(LoraAdapter lora) {
    if (lora.head().isPresent() || lora.hasOutput()) {
      throw InputException.of(
          "%s trains %s, but the head is made of rows of %s: merge the adapter with PEFT first",
          lora.file(), lora.hasOutput() ? OUTPUT : SCORE, OUTPUT);
    }
  }

  private StoredTensor backboneHead() {
    if (!model.has(RERANKER_HEAD)) {
      throw InputException.of(
          "%s does not exist: a backbone reranker has its head %s there",
          model.pathOf(RERANKER_HEAD), SCORE);
    }
    Map<String, StoredTensor> tensors = TorchArchive.read(model.file(RERANKER_HEAD));
    if (!tensors.keySet().equals(Set.of("weight"))) {
      throw InputException.of(
          "%s: expected one tensor, weight, got %s",
          model.pathOf(RERANKER_HEAD), tensors.isEmpty() ? "none" : Shown.first(tensors.keySet()));
    }
    return tensors.get("weight");
  }

  private void checkNames(String file, Set<String> stored, Set<String> expected) {
    if (expected.contains(SCORE) && !stored.contains(SCORE)) {
      throw InputException.of(
          "no head: %s is neither in %s nor %s; give the adapter that was trained with it (%s), or of"
              + " a model that answers with words the prompt or the words (--prompt, --true-token,"
              + " --false-token)",
          SCORE,
          file,
          adapter.map(lora -> "in " + lora.file()).orElse("in an adapter"),
          LORA_OPTION);
    }
    Set<String> missing = difference(expected, stored);
    if (!missing.isEmpty()) {
      throw InputException.of(
          "%s lacks %d of %d weights: %s",
          file, missing.size(), expected.size(), Shown.first(missing));
    }
    Set<String> leftOver = difference(stored, expected);
    if (!leftOver.isEmpty()) {
      throw InputException.of(
          "%s holds %d weights that the model of its %s does not have: %s",
          file, leftOver.size(), CONFIG, Shown.first(leftOver));
    }
  }

  private void checkAdapter(LoraAdapter lora, Set<String> stored) {
    if (isBackbone && lora.head().isPresent()) {
      throw InputException.of(
          "%s holds a head %s, but a backbone reranker has it in %s",
          lora.file(), SCORE, model.pathOf(RERANKER_HEAD));
    }
    boolean isOfSomething = !lora.factors().isEmpty() || !lora.wholes().isEmpty();
    if (isOfSomething && lora.isForBackbone() != isBackbone) {
      throw InputException.of(
          "%s was trained on a %s, but %s is used as a %s",
          lora.file(),
          lora.isForBackbone() ? BACKBONE : "whole model",
          base.path(),
          isBackbone ? BACKBONE : "whole model");
    }
    Set<String> modules = new LinkedHashSet<>(lora.factors().keySet());
    modules.addAll(lora.wholes().keySet());
    modules.removeIf(module -> stored.contains(module + WEIGHT));
    if (!modules.isEmpty()) {
      throw InputException.of(
          "%s holds weights of %d modules that %s does not have: %s",
          lora.file(), modules.size(), base.path(), Shown.first(modules));
    }
  }

  private Weight weight(String name, StoredTensor stored, long[] shape) {
    checkType(stored);
    if (!Arrays.equals(stored.shape(), shape)) {
      throw InputException.of(
          "%s: expected shape %s by %s, got %s",
          name, Arrays.toString(shape), base.pathOf(CONFIG), stored);
    }
    String module = name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : "";
    Optional<LoraFactors> factors = adapter.map(lora -> lora.factors().get(module));
    factors.ifPresent(lora -> checkShapes(name, shape, lora));
    return new Weight(stored, factors);
  }

  private static void checkShapes(String name, long[] shape, LoraFactors lora) {
    checkType(lora.a());
    checkType(lora.b());
    if (shape.length != 2 || lora.a().shape()[1] != shape[1] || lora.b().shape()[0] != shape[0]) {
      throw InputException.of(
          "the adapter does not fit %s of shape %s: lora_A is %s, lora_B is %s",
          name, Arrays.toString(shape), lora.a(), lora.b());
    }
  }

  private static void checkType(StoredTensor tensor) {
    if (!tensor.type().isWeight()) {
      throw InputException.of("expected float16, bfloat16 or float32, got %s", tensor);
    }
  }

  private static Set<String> difference(Set<String> all, Set<String> without) {
    Set<String> difference = new LinkedHashSet<>(all);
    difference.removeAll(without);
    return difference;
  }
}
