package dev.rankspark.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.files.InputPaths;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.TrainableEncoder.AdamW;
import dev.rankspark.model.TrainedParameters;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.train.Interval.Strategy;
import dev.rankspark.train.LearningRate.Schedule;
import dev.rankspark.train.TrainOptions.Begin;
import dev.rankspark.train.TrainOptions.Lora;
import dev.rankspark.train.TrainOptions.Trained;
import java.lang.reflect.RecordComponent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ResumeSettingsTest {
  private static final Lora LORA = new Lora(8, 64, 0.1, TrainedParameters.MODULES);

  /** What a version of before {@link ResumeSettings} wrote, so that its checkpoints go on. */
  private static final Map<String, String> WRITTEN =
      Map.ofEntries(
          Map.entry("append_eos_token", "false"),
          Map.entry("data_set", "14 items, sum e260e439b603fd6c"),
          Map.entry("dataset_shuffle", "true"),
          Map.entry("dtype", "float32"),
          Map.entry("gradient_accumulation_steps", "1"),
          Map.entry("learning_rate", "0.001"),
          Map.entry("length", "num_train_epochs 3.0"),
          Map.entry("lora", "r 8, alpha 64.0"),
          Map.entry("lora_dropout", "0.1"),
          Map.entry(
              "lora_target_modules", "q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj"),
          Map.entry("lr_scheduler_type", "linear"),
          Map.entry("model", "crc32c 70a8efd7"),
          Map.entry("negative_passage_no_shuffle", "false"),
          Map.entry(
              "optimizer",
              "AdamW[beta1=0.9, beta2=0.999, epsilon=1.0E-8, weightDecay=0.0, maxGradNorm=1.0]"),
          Map.entry("passage_prefix", "document: "),
          Map.entry("per_device_train_batch_size", "2"),
          Map.entry("positive_passage_no_shuffle", "false"),
          Map.entry("query_prefix", "query: "),
          Map.entry("rerank_max_len", "96"),
          Map.entry("seed", "42"),
          Map.entry("train_group_size", "4"),
          Map.entry("warmup", "0 steps, ratio 0.0"),
          Map.entry("workers", "1"));

  @Test
  void theWordsAreThoseOfCheckpointsThatWereWrittenBefore() {
    assertThat(settings(options(new Trained.NewAdapter(LORA)))).isEqualTo(WRITTEN);
    assertThat(settings(options(new Trained.GivenAdapter("adapter", LORA)))).isEqualTo(WRITTEN);
  }

  @Test
  void withoutLoraNothingIsSaidOfIt() {
    Map<String, String> expected = new TreeMap<>(WRITTEN);
    expected.keySet().removeAll(List.of("lora_dropout", "lora_target_modules"));
    expected.put("lora", "none");
    assertThat(settings(options(new Trained.AllWeights()))).isEqualTo(expected);
  }

  /** Before there were these options, a checkpoint did not name them. */
  @Test
  void someAreWrittenOnlyWhereTheyAreNotTheDefault() {
    TrainOptions options = options(new Trained.NewAdapter(LORA));
    Map<String, String> expected = new TreeMap<>(WRITTEN);
    expected.put("data_seed", "7");
    expected.put("dataloader_drop_last", "true");
    expected.put("length", "max_steps 6");
    TrainingPlan.Options plan = new TrainingPlan.Options(2, 1, 3, 6, 42, true, 7, true);
    assertThat(settings(with(options, "data", with(options.data(), "plan", plan))))
        .isEqualTo(expected);
  }

  @Test
  void everyOptionIsComparedOrIsNamedAsOneThatMayDiffer() {
    for (Trained trained :
        List.of(
            new Trained.AllWeights(),
            new Trained.NewAdapter(LORA),
            new Trained.GivenAdapter("adapter", LORA))) {
      TrainOptions options = options(trained);
      Map<String, String> settings = settings(options);
      Map<String, Record> others = others(options);
      assertThat(others).hasSizeGreaterThan(45);
      others.forEach(
          (path, other) ->
              assertThat(settings((TrainOptions) other).equals(settings))
                  .as("%s may differ in a resumed run (%s)", path, other)
                  .isEqualTo(ResumeSettings.mayDiffer(path)));
    }
  }

  @Test
  void whatMayDifferIsThere() {
    assertThat(ResumeSettings.MAY_DIFFER)
        .allSatisfy(
            name ->
                assertThat(others(options(new Trained.GivenAdapter("adapter", LORA))).keySet())
                    .anyMatch(path -> (path + ".").startsWith(name + ".")));
  }

  private static Map<String, String> settings(TrainOptions options) {
    return ResumeSettings.of(options, "crc32c 70a8efd7", "14 items, sum e260e439b603fd6c");
  }

  private static TrainOptions options(Trained trained) {
    return new TrainOptions(
        new TrainOptions.Model("model", "tokenizer"),
        trained,
        new TrainOptions.Data(
            InputPaths.of("--dataset-path", List.of("train.jsonl")),
            InputPaths.of("--corpus-path", List.of("corpus.jsonl")),
            new GroupChoice(4, false, false, 42),
            new TrainingPlan.Options(2, 1, 3, TrainingPlan.Options.BY_EPOCHS, 42, true)),
        new PromptOptions("query: ", "document: ", 96, false),
        new TrainOptions.Rate(1e-3, Schedule.LINEAR, 0, 0),
        new AdamW(0.9, 0.999, 1e-8, 0, 1),
        new TrainOptions.Compute(Dtype.FLOAT32, "cpu", false, 1, Duration.ofSeconds(60)),
        new TrainOptions.Output(
            "out",
            false,
            new Interval(Strategy.STEPS, 1),
            false,
            new Interval(Strategy.STEPS, 3),
            2,
            new Begin.Anew()),
        Optional.of(
            new TrainOptions.Evaluation(
                InputPaths.of("--eval-dataset-path", List.of("pairs.jsonl")),
                "qrels.txt",
                new Interval(Strategy.EPOCH, 1),
                false)));
  }

  /** A record for each option that has another value in it alone, by the option's path. */
  private static Map<String, Record> others(Record options) {
    Map<String, Record> others = new LinkedHashMap<>();
    for (RecordComponent component : options.getClass().getRecordComponents()) {
      String name = component.getName();
      Object value = value(component, options);
      boolean isOptional = value instanceof Optional<?> optional && optional.isPresent();
      Object present = isOptional ? ((Optional<?>) value).get() : value;
      if (present instanceof Record inner) {
        others(inner)
            .forEach(
                (path, other) ->
                    others.put(
                        name + "." + path,
                        with(options, name, isOptional ? Optional.of(other) : other)));
      }
      if (isOptional || !(present instanceof Record) || component.getType().isSealed()) {
        others.put(name, with(options, name, other(component.getType(), value)));
      }
    }
    return others;
  }

  private static Object other(Class<?> type, Object value) {
    if (type == Trained.class) {
      return value instanceof Trained.AllWeights
          ? new Trained.NewAdapter(LORA)
          : new Trained.AllWeights();
    }
    if (type == Begin.class) {
      return new Begin.Newest();
    }
    if (value instanceof Optional<?> optional) {
      return optional.isPresent() ? Optional.empty() : Optional.of("other");
    }
    if (value instanceof Integer number) {
      return number + 7; // not from -1 to 0, which is the same
    }
    if (value instanceof Long number) {
      return number + 1;
    }
    if (value instanceof Double number) {
      return number / 2 + 0.01; // of all of them within what is allowed
    }
    if (value instanceof Boolean flag) {
      return !flag;
    }
    if (value instanceof String text) {
      return text.equals("cpu") ? "cuda" : text + "2";
    }
    if (value instanceof Duration duration) {
      return duration.plusSeconds(1);
    }
    if (value instanceof List<?> list) {
      List<Object> longer = new ArrayList<>(list);
      longer.add(list.get(0));
      return longer;
    }
    if (value instanceof Enum<?> constant) {
      return Arrays.stream(constant.getDeclaringClass().getEnumConstants())
          .filter(other -> other != constant)
          .findFirst()
          .orElseThrow();
    }
    throw new IllegalArgumentException("this test knows no other value of " + type);
  }

  private static Object value(RecordComponent component, Record record) {
    try {
      return component.getAccessor().invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The same record with another value of one component. */
  private static <R extends Record> R with(R record, String name, Object other) {
    RecordComponent[] components = record.getClass().getRecordComponents();
    Class<?>[] types = new Class<?>[components.length];
    Object[] values = new Object[components.length];
    for (int i = 0; i < components.length; i++) {
      types[i] = components[i].getType();
      values[i] = components[i].getName().equals(name) ? other : value(components[i], record);
    }
    try {
      @SuppressWarnings("unchecked") // a record's own class
      R changed = (R) record.getClass().getDeclaredConstructor(types).newInstance(values);
      return changed;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }
}
