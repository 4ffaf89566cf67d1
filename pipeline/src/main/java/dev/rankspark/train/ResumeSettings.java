package dev.rankspark.train;

import java.lang.reflect.RecordComponent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What must be the same for a run to go on from a checkpoint: every component of {@link
 * TrainOptions} but {@link #MAY_DIFFER}, found by reflection, so that a new option is compared
 * unless somebody says that it need not be.
 *
 * <p>The names and values stand in checkpoints, and those of older versions are compared with ours:
 * a new option that a checkpoint does not name was its default there, and must be written only
 * where it is another.
 */
final class ResumeSettings {
  /** The options that may be others when a run goes on, with all that lie below them. */
  static final Set<String> MAY_DIFFER =
      Set.of(
          // Not where they lie, but what they hold is compared.
          "model",
          "trained.path",
          "data.dataset",
          "data.corpus",
          // How and where the same is computed.
          "compute.device",
          "compute.checkpointing",
          "compute.timeout",
          // What is written and measured on the way.
          "output",
          "evaluation");

  /** Those that have another name on the command line than here; the others have the same. */
  private static final Map<String, String> NAMES =
      Map.of(
          "trained.lora.dropout", "lora_dropout",
          "trained.lora.targetModules", "lora_target_modules",
          "prompt.maxLength", "rerank_max_len",
          "prompt.appendEos", "append_eos_token",
          "rate.peak", "learning_rate",
          "rate.schedule", "lr_scheduler_type");

  private final Map<String, Object> left;
  private final SortedMap<String, String> settings = new TreeMap<>();

  private ResumeSettings(TrainOptions options) {
    left = components(options);
    left.keySet().removeIf(ResumeSettings::mayDiffer);
  }

  /**
   * The settings by their names.
   *
   * @param options with the LoRA settings that count
   * @param model by which the model's content is known
   * @param dataSet likewise
   */
  static SortedMap<String, String> of(TrainOptions options, String model, String dataSet) {
    ResumeSettings all = new ResumeSettings(options);
    all.settings.put("model", model);
    all.settings.put("data_set", dataSet);
    all.takeThoseWithWordsOfTheirOwn(options);
    all.left.forEach(
        (path, value) ->
            all.settings.merge(
                NAMES.getOrDefault(path, underscored(path)), text(value), ResumeSettings::both));
    return all.settings;
  }

  /** What several options make together, and what is not written where it is the default. */
  private void takeThoseWithWordsOfTheirOwn(TrainOptions options) {
    if (options.trained().factors().isPresent()) {
      settings.put("lora", "r " + take("trained.lora.r") + ", alpha " + take("trained.lora.alpha"));
    } else {
      take("trained");
      settings.put("lora", "none");
    }
    Object epochs = take("data.plan.numTrainEpochs");
    Object steps = take("data.plan.maxSteps");
    settings.put(
        "length",
        options.data().plan().maxSteps() > 0 ? "max_steps " + steps : "num_train_epochs " + epochs);
    Object dataSeed = take("data.plan.dataSeed");
    if (!dataSeed.equals(options.data().plan().seed())) {
      settings.put("data_seed", text(dataSeed));
    }
    if (take("data.plan.dropLast").equals(true)) {
      settings.put("dataloader_drop_last", "true");
    }
    settings.put("warmup", take("rate.warmupSteps") + " steps, ratio " + take("rate.warmupRatio"));
    List<String> adamW =
        left.keySet().stream().filter(path -> path.startsWith("optimizer.")).toList();
    settings.put(
        "optimizer",
        adamW.stream()
            .map(path -> lastName(path) + "=" + take(path))
            .collect(Collectors.joining(", ", "AdamW[", "]")));
  }

  private Object take(String path) {
    Object value = left.remove(path);
    if (value == null) {
      throw new IllegalStateException("TrainOptions has no " + path);
    }
    return value;
  }

  static boolean mayDiffer(String path) {
    return MAY_DIFFER.stream().anyMatch(name -> (path + ".").startsWith(name + "."));
  }

  /** The values of a record's components, and of the records among them, by their paths. */
  static Map<String, Object> components(Record options) {
    Map<String, Object> values = new LinkedHashMap<>();
    for (RecordComponent component : options.getClass().getRecordComponents()) {
      Object value;
      try {
        value = component.getAccessor().invoke(options);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
      Object present =
          value instanceof Optional<?> optional && optional.isPresent() ? optional.get() : value;
      if (present instanceof Record inner && inner.getClass().getRecordComponents().length > 0) {
        components(inner)
            .forEach((path, below) -> values.put(component.getName() + "." + path, below));
      } else {
        values.put(component.getName(), present);
      }
    }
    return values;
  }

  /** Of two options of one name, such as two parts' seed. */
  private static String both(String one, String other) {
    return one.equals(other) ? one : one + " and " + other;
  }

  private static String text(Object value) {
    if (value instanceof List<?> list) {
      return list.stream().map(String::valueOf).collect(Collectors.joining(","));
    }
    return value instanceof Enum<?> ? value.toString().toLowerCase(Locale.ROOT) : value.toString();
  }

  private static String lastName(String path) {
    return path.substring(path.lastIndexOf('.') + 1);
  }

  private static String underscored(String path) {
    return lastName(path).replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }
}
