package dev.rankspark.checkpoint;

import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A LoRA adapter as PEFT saves it: {@code adapter_config.json} and the tensors, as safetensors or
 * torch archive. Read as PEFT 0.14 reads it ({@code peft/utils/save_and_load.py}, {@code
 * peft/tuners/lora/model.py}); what would change a score and is not implemented here is refused by
 * its name.
 */
public final class LoraAdapter {
  // PEFT takes safetensors if both are there.
  private static final List<String> FILES =
      List.of("adapter_model.safetensors", "adapter_model.bin");

  private static final Logger LOG = LoggerFactory.getLogger(LoraAdapter.class);
  // Once per process: an adapter is opened by driver and executors, and by each command again.
  private static final Set<String> SAID = ConcurrentHashMap.newKeySet();

  static final Pattern LORA =
      Pattern.compile("base_model\\.model\\.(.+)\\.lora_([AB])(?:\\.default)?\\.weight");
  // A module that was trained or saved whole: by PEFT's own name, or by the one it has in training,
  // with the untrained "original_module" beside it, which PEFT does not save but others do.
  private static final Pattern WHOLE =
      Pattern.compile(
          "base_model\\.model\\.(.+?)(\\.modules_to_save)?(?:\\.default)?(\\.base_layer)?\\.weight");
  private static final Pattern ORIGINAL =
      Pattern.compile("base_model\\.model\\.(.+)\\.original_module\\.(?:weight|bias)");
  private static final String HEAD = "score";
  private static final String NO_PART = "lm_head"; // of a model that gives one number
  private final ModelDirectory directory;
  private final LoraConfig config;
  private final String file;
  private final Map<String, LoraFactors> factors = new LinkedHashMap<>();
  private final Map<String, StoredTensor> wholes = new LinkedHashMap<>();
  private final Set<String> notes = new LinkedHashSet<>();
  private boolean forBackbone;
  private boolean output;

  private LoraAdapter(ModelDirectory directory, String file) {
    this.directory = directory;
    this.config = LoraConfig.read(directory);
    this.file = directory.pathOf(file);
  }

  /**
   * Reads the configuration and the tensors' headers.
   *
   * @throws InputException if a file is missing or broken, the configuration asks for what is not
   *     implemented, or a tensor is neither a factor nor the head
   */
  public static LoraAdapter open(ModelDirectory directory) {
    if (!directory.has(LoraConfig.FILE)) {
      throw InputException.of(
          "%s is not an adapter: it has no %s", directory.path(), LoraConfig.FILE);
    }
    String file =
        FILES.stream()
            .filter(directory::has)
            .findFirst()
            .orElseThrow(
                () ->
                    InputException.of(
                        "%s has no adapter weights: looked for %s",
                        directory.path(), String.join(", ", FILES)));
    LoraAdapter adapter = new LoraAdapter(directory, file);
    adapter.take(Weights.read(directory.file(file)));
    adapter.notes.stream().filter(SAID::add).forEach(LOG::warn);
    return adapter;
  }

  /** The name of the base model, as {@code base_model_name_or_path} has it; null is none. */
  public Optional<String> baseModel() {
    return config.baseModel();
  }

  /** The scaling of all modules that no {@code rank_pattern} or {@code alpha_pattern} names. */
  public double scaling() {
    return config.scaling();
  }

  /**
   * The factors by module, such as {@code model.layers.0.self_attn.q_proj}, whether the adapter was
   * trained on a whole model or on its backbone.
   */
  public Map<String, LoraFactors> factors() {
    return Collections.unmodifiableMap(factors);
  }

  /** The trained head {@code score.weight}, (1, hidden), of {@code modules_to_save}. */
  public Optional<StoredTensor> head() {
    return Optional.ofNullable(wholes.get(HEAD));
  }

  /**
   * The weights that take the place of the base's, head aside, by module: {@code embed_tokens},
   * which PEFT saves where the vocabulary was resized or it was asked to, and those of {@code
   * modules_to_save}.
   */
  public Map<String, StoredTensor> wholes() {
    Map<String, StoredTensor> others = new LinkedHashMap<>(wholes);
    others.remove(HEAD);
    return Collections.unmodifiableMap(others);
  }

  /** Those of {@link #wholes} that {@code modules_to_save} names: PEFT would train them further. */
  public List<String> trainedWholes() {
    List<String> trained = new ArrayList<>();
    for (String name : config.modulesToSave()) {
      wholes().keySet().stream()
          .filter(module -> module.endsWith(name) && !trained.contains(module))
          .forEach(trained::add);
    }
    return trained;
  }

  /** What a person should know of how the tensors were read, a line each. */
  public List<String> notes() {
    return List.copyOf(notes);
  }

  /** The directory as it was given. */
  public String path() {
    return directory.path();
  }

  /** Where it lies. */
  public ModelDirectory directory() {
    return directory;
  }

  /**
   * The names of an adapter's files up to the weights that are read: those before would be read if
   * they were there. Of a directory without an adapter, the one that would make it one.
   */
  static List<String> files(ModelDirectory directory) {
    List<String> files = new ArrayList<>(List.of(LoraConfig.FILE));
    if (directory.has(LoraConfig.FILE)) {
      for (String name : FILES) {
        files.add(name);
        if (directory.has(name)) {
          break;
        }
      }
    }
    return files;
  }

  /** Whether it holds something of {@code lm_head}, which is not read. */
  boolean hasOutput() {
    return output;
  }

  /** The path of the tensors, for messages. */
  String file() {
    return file;
  }

  /** Whether it was trained on a bare backbone, whose module names lack {@code model.}. */
  public boolean isForBackbone() {
    return forBackbone;
  }

  private void take(Map<String, StoredTensor> tensors) {
    Map<String, StoredTensor> a = new LinkedHashMap<>();
    Map<String, StoredTensor> b = new LinkedHashMap<>();
    Map<String, String> wholeNames = new LinkedHashMap<>();
    Set<String> originals = new LinkedHashSet<>();
    List<String> leftOver = new ArrayList<>();
    tensors.forEach(
        (name, tensor) -> {
          Matcher lora = LORA.matcher(name);
          Matcher original = ORIGINAL.matcher(name);
          Matcher whole = WHOLE.matcher(name);
          boolean isNew = true;
          if (lora.matches()) {
            isNew = (lora.group(2).equals("A") ? a : b).put(lora.group(1), tensor) == null;
          } else if (original.matches()) {
            originals.add(WeightNames.canonical(original.group(1)));
          } else if (whole.matches()) {
            String module = WeightNames.canonical(whole.group(1));
            isNew = wholes.put(module, tensor) == null;
            wholeNames.put(module, name);
          } else {
            leftOver.add(name);
          }
          if (!isNew) {
            throw InputException.of("%s holds %s under two names", file, Shown.text(name));
          }
        });
    ignoreWithoutEffect(a, b, wholeNames);
    originals.stream().filter(module -> !wholes.containsKey(module)).forEach(leftOver::add);
    refuseLeftOver(leftOver);
    refuseHalves(a, b);
    a.forEach(
        (module, factor) ->
            factors.put(WeightNames.canonical(module), factors(module, factor, b.get(module))));
    wholeNames.forEach(this::checkWhole);
    List<String> modules = new ArrayList<>(a.keySet());
    wholeNames.keySet().stream()
        .filter(module -> !module.equals(HEAD))
        .map(module -> WHOLE.matcher(wholeNames.get(module)))
        .filter(Matcher::matches)
        .forEach(name -> modules.add(name.group(1)));
    List<String> ofBackbone =
        modules.stream().filter(module -> !WeightNames.canonical(module).equals(module)).toList();
    forBackbone = !ofBackbone.isEmpty();
    if (forBackbone && ofBackbone.size() < modules.size()) {
      throw InputException.of(
          "%s holds modules of a whole model and of a bare backbone, such as %s",
          file, Shown.first(ofBackbone));
    }
  }

  /** What PEFT, too, finds no place for in a model with one label. */
  private void ignoreWithoutEffect(
      Map<String, StoredTensor> a, Map<String, StoredTensor> b, Map<String, String> wholeNames) {
    boolean isThere = wholes.remove(NO_PART) != null;
    isThere |= a.remove(NO_PART) != null;
    isThere |= b.remove(NO_PART) != null;
    wholeNames.remove(NO_PART);
    if (isThere) {
      output = true;
      notes.add(file + ": " + NO_PART + " is ignored, a reranker has none");
    }
  }

  /**
   * @param module its canonical name
   * @param name the tensor's, as PEFT would look for it
   */
  private void checkWhole(String module, String name) {
    Matcher parts = WHOLE.matcher(name);
    boolean isBaseLayer = parts.matches() && parts.group(3) != null;
    if (isBaseLayer != factors.containsKey(module)) {
      throw InputException.of(
          "%s holds %s, but %s; PEFT would not use it",
          file,
          Shown.text(name),
          isBaseLayer ? "no factors for that module" : "also factors for that module");
    }
    if (parts.group(2) != null) {
      notes.add(
          "%s: the trained %s is taken from its name in training, %s, which PEFT does not load"
              .formatted(file, module, Shown.text(name)));
    }
  }

  private void refuseLeftOver(List<String> leftOver) {
    if (!leftOver.isEmpty()) {
      throw InputException.of(
          "%s holds %d tensors that are neither lora_A, lora_B nor a whole weight of the model, such"
              + " as the head score.weight: %s; merge the adapter with PEFT",
          file, leftOver.size(), Shown.first(leftOver));
    }
  }

  private void refuseHalves(Map<String, StoredTensor> a, Map<String, StoredTensor> b) {
    Set<String> onlyA = new LinkedHashSet<>(a.keySet());
    onlyA.removeAll(b.keySet());
    Set<String> onlyB = new LinkedHashSet<>(b.keySet());
    onlyB.removeAll(a.keySet());
    if (!onlyA.isEmpty()) {
      throw InputException.of("%s holds lora_A without lora_B of %s", file, Shown.first(onlyA));
    }
    if (!onlyB.isEmpty()) {
      throw InputException.of("%s holds lora_B without lora_A of %s", file, Shown.first(onlyB));
    }
  }

  /**
   * @param module as the adapter names it, which is what PEFT matches patterns against
   */
  private LoraFactors factors(String module, StoredTensor a, StoredTensor b) {
    if (!config.isTarget(module)) {
      throw InputException.of(
          "%s holds a pair for %s, which target_modules, layers_to_transform or exclude_modules of"
              + " %s leave out; PEFT would not use it",
          file, Shown.text(module), LoraConfig.FILE);
    }
    int r = config.rank(module);
    long[] shapeA = a.shape();
    long[] shapeB = b.shape();
    if (shapeA.length != 2 || shapeB.length != 2 || shapeA[0] != r || shapeB[1] != r) {
      throw InputException.of(
          "%s: expected lora_A of shape (%d, in) and lora_B of shape (out, %d), got %s and %s",
          file, r, r, a, b);
    }
    return new LoraFactors(a, b, config.scaling(module));
  }
}
