package dev.rankspark.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rankspark.InputException;
import dev.rankspark.OptionException;
import dev.rankspark.checkpoint.LoraAdapter.LoraPair;
import dev.rankspark.run.ShownPath;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * A reranker as Tevatron's {@code RerankerModel.load} finds it ({@code
 * tevatron/reranker/modeling.py}): a model with a head inside, a base with an adapter that holds
 * the head, an adapter directory that names its base, or a backbone with its head beside it. Reads
 * headers; a weight's bytes are read when it is used.
 */
public final class RerankerCheckpoint {
  private static final String RERANKER_CONFIG = "reranker_config.json";
  private static final String RERANKER_HEAD = "reranker_head.pt";
  private static final String HEAD = "score.weight";

  private final ModelDirectory model;
  private final ModelDirectory base;
  private final Optional<ModelDirectory> adapter;

  private RerankerCheckpoint(
      ModelDirectory model, ModelDirectory base, Optional<ModelDirectory> adapter) {
    this.model = model;
    this.base = base;
    this.adapter = adapter;
  }

  /**
   * One weight.
   *
   * @param lora what the adapter adds to it
   */
  public record Weight(StoredTensor stored, Optional<LoraPair> lora) {}

  /**
   * Finds the directories.
   *
   * @param modelPath {@code --model-name-or-path}; may be an adapter directory
   * @param loraPath {@code --lora-name-or-path}
   * @param basePath {@code --base-model-name-or-path}, in place of the base that an adapter
   *     directory names
   */
  public static RerankerCheckpoint open(
      String modelPath,
      Optional<String> loraPath,
      Optional<String> basePath,
      Configuration hadoop) {
    ModelDirectory model = ModelDirectory.open(modelPath, "--model-name-or-path", hadoop);
    if (!model.has(LoraAdapter.CONFIG)) {
      if (basePath.isPresent()) {
        throw OptionException.of(
            "--base-model-name-or-path: %s is no adapter (it has no %s), so it has no base",
            modelPath, LoraAdapter.CONFIG);
      }
      return new RerankerCheckpoint(
          model,
          model,
          loraPath.map(path -> ModelDirectory.open(path, "--lora-name-or-path", hadoop)));
    }
    if (loraPath.isPresent()) {
      throw OptionException.of(
          "--lora-name-or-path: %s is an adapter itself; one adapter is supported", modelPath);
    }
    ModelDirectory base =
        basePath
            .map(path -> ModelDirectory.open(path, "--base-model-name-or-path", hadoop))
            .orElseGet(() -> findBase(model, hadoop));
    return new RerankerCheckpoint(model, base, Optional.of(model));
  }

  /** As the adapter writes it, then relative to each folder above the adapter. */
  private static ModelDirectory findBase(ModelDirectory adapter, Configuration hadoop) {
    String name = LoraAdapter.baseName(adapter);
    Optional<ModelDirectory> base = ModelDirectory.find(name, hadoop);
    for (Path above = adapter.folder().getParent();
        base.isEmpty() && above != null && !new Path(name).isAbsolute();
        above = above.getParent()) {
      base = ModelDirectory.find(ShownPath.of(new Path(above, name)), hadoop);
    }
    return base.orElseThrow(
        () ->
            InputException.of(
                "%s/%s names the base \"%s\", which is no directory here; say where it lies by"
                    + " --base-model-name-or-path",
                adapter.path(), LoraAdapter.CONFIG, name));
  }

  /** The directory of {@code config.json} and the weights. */
  public ModelDirectory base() {
    return base;
  }

  /** {@code config.json} of the base. */
  public JsonNode config() {
    return base.json("config.json");
  }

  /**
   * Where the tokenizer lies unless the user names another: with the model, or else with its base.
   */
  public ModelDirectory tokenizerDirectory() {
    return model.has("tokenizer.json") ? model : base;
  }

  /** Whether the head lies beside the model rather than in it. */
  public boolean isBackbone() {
    String type = rerankerConfig("reranker_model_type", "sequence_classification");
    return switch (type) {
      case "backbone" -> true;
      case "sequence_classification" -> false;
      default ->
          throw InputException.of(
              "%s/%s: reranker_model_type \"%s\" is not supported; supported:"
                  + " sequence_classification, backbone",
              model.path(), RERANKER_CONFIG, type);
    };
  }

  /** A backbone's {@code reranker_pooling}. */
  public String pooling() {
    return rerankerConfig("reranker_pooling", "last");
  }

  private String rerankerConfig(String key, String otherwise) {
    return model.has(RERANKER_CONFIG)
        ? model.json(RERANKER_CONFIG).path(key).asText(otherwise)
        : otherwise;
  }

  /**
   * The weights of a model of this shape.
   *
   * @param expected shapes by canonical name, such as {@code
   *     model.layers.0.self_attn.q_proj.weight} and {@code score.weight}
   * @return one weight per name, in the order of {@code expected}
   * @throws InputException if one is missing, left over or of another shape. {@code lm_head.weight}
   *     and {@code *.rotary_emb.inv_freq} may be there and are not used.
   */
  public Map<String, Weight> bind(Map<String, long[]> expected) {
    Map<String, StoredTensor> stored = new LinkedHashMap<>();
    Weights.read(base)
        .forEach(
            (name, tensor) -> {
              if (!name.equals("lm_head.weight") && !name.endsWith(".rotary_emb.inv_freq")) {
                stored.put(canonical(name), tensor);
              }
            });
    Optional<LoraAdapter> lora = adapter.map(LoraAdapter::open);
    head(lora, stored).ifPresent(head -> stored.put(HEAD, head));
    checkNames(expected, stored);
    Map<String, LoraPair> pairs = new LinkedHashMap<>();
    lora.ifPresent(
        opened ->
            opened
                .pairs()
                .forEach((module, pair) -> pairs.put(canonical(module) + ".weight", pair)));
    Map<String, Weight> bound = new LinkedHashMap<>();
    expected.forEach(
        (name, shape) -> {
          StoredTensor tensor = stored.get(name);
          checkShape(tensor, shape);
          Optional<LoraPair> pair = Optional.ofNullable(pairs.remove(name));
          pair.ifPresent(update -> checkShape(update, shape));
          bound.put(name, new Weight(tensor, pair));
        });
    if (!pairs.isEmpty()) {
      throw InputException.of(
          "%s changes %d weights that %s does not have: %s",
          adapter.orElseThrow().path(), pairs.size(), base.path(), first(pairs.keySet()));
    }
    return bound;
  }

  /** A backbone's names lack the {@code model.} in front. */
  private static String canonical(String name) {
    return name.startsWith("layers.")
            || name.startsWith("embed_tokens.")
            || name.startsWith("norm.")
        ? "model." + name
        : name;
  }

  /** The head that goes before one among the weights. */
  private Optional<StoredTensor> head(
      Optional<LoraAdapter> lora, Map<String, StoredTensor> stored) {
    if (isBackbone()) {
      StoredTensor head = TorchArchive.read(model.file(RERANKER_HEAD)).get("weight");
      if (head == null) {
        throw InputException.of("%s/%s: expected a tensor \"weight\"", model.path(), RERANKER_HEAD);
      }
      return Optional.of(head);
    }
    Optional<StoredTensor> trained = lora.flatMap(LoraAdapter::head);
    if (trained.isEmpty() && !stored.containsKey(HEAD)) {
      throw InputException.of(
          "no head: score.weight is neither in %s%s; a language model becomes a reranker by an adapter"
              + " (--lora-name-or-path) or by training",
          base.path(),
          adapter.map(directory -> " nor in the adapter " + directory.path()).orElse(""));
    }
    return trained;
  }

  private void checkNames(Map<String, long[]> expected, Map<String, StoredTensor> stored) {
    TreeSet<String> missing = new TreeSet<>(expected.keySet());
    missing.removeAll(stored.keySet());
    TreeSet<String> leftOver = new TreeSet<>(stored.keySet());
    leftOver.removeAll(expected.keySet());
    if (!missing.isEmpty() || !leftOver.isEmpty()) {
      throw InputException.of(
          "%s: the weights are not those of its config.json: %s%s%s",
          base.path(),
          missing.isEmpty() ? "" : missing.size() + " missing (" + first(missing) + ")",
          missing.isEmpty() || leftOver.isEmpty() ? "" : ", ",
          leftOver.isEmpty() ? "" : leftOver.size() + " left over (" + first(leftOver) + ")");
    }
  }

  private static void checkShape(StoredTensor tensor, long[] expected) {
    if (!Arrays.equals(tensor.shape(), expected)) {
      throw InputException.of(
          "%s: %s: expected shape %s, got %s",
          tensor.file(), tensor.name(), Arrays.toString(expected), Arrays.toString(tensor.shape()));
    }
    switch (tensor.type()) {
      case FLOAT16, BFLOAT16, FLOAT32 -> {}
      default ->
          throw InputException.of(
              "%s: %s: dtype %s is not supported; supported: float16, bfloat16, float32",
              tensor.file(), tensor.name(), tensor.type());
    }
  }

  private static void checkShape(LoraPair pair, long[] weight) {
    long rank = pair.a().shape().length == 2 ? pair.a().shape()[0] : -1;
    checkShape(pair.a(), new long[] {rank, weight[weight.length - 1]});
    checkShape(pair.b(), new long[] {weight[0], rank});
  }

  /** The first names of many, for a message. */
  static String first(Collection<String> names) {
    int shown = 3;
    String first = names.stream().limit(shown).collect(Collectors.joining(", "));
    return names.size() > shown ? first + ", ..." : first;
  }
}
