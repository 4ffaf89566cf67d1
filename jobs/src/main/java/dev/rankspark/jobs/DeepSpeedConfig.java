package dev.rankspark.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.InputException;
import dev.rankspark.OptionException;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.files.TextFile;
import dev.rankspark.model.Dtype;
import dev.rankspark.train.LearningRate.Schedule;
import dev.rankspark.train.TrainOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A DeepSpeed configuration as transformers' {@code HfTrainerDeepSpeedConfig} takes it: a value is
 * {@code "auto"} or must agree with the command line. How DeepSpeed spreads memory has no meaning
 * here.
 */
final class DeepSpeedConfig {
  private static final String AUTO = "auto";
  private static final JsonMapper JSON = new JsonMapper();

  /** What DeepSpeed's schedulers are called here. */
  private static final Map<String, Schedule> SCHEDULES =
      Map.of(
          "WarmupDecayLR", Schedule.LINEAR,
          "WarmupCosineLR", Schedule.COSINE,
          "WarmupLR", Schedule.CONSTANT_WITH_WARMUP);

  /** Held against the command line otherwise than by a number. */
  private static final Set<String> CHECKED = Set.of("bf16", "fp16", "scheduler");

  /** Other than how memory is spread and what is reported, these change what is computed. */
  private static final Set<String> CHANGING =
      Set.of(
          "amp",
          "compression_training",
          "curriculum_learning",
          "data_efficiency",
          "dataloader_drop_last",
          "elasticity",
          "progressive_layer_drop",
          "quantize_training",
          "sparse_attention");

  private final String path;
  private final JsonNode config;

  private DeepSpeedConfig(String path, JsonNode config) {
    this.path = path;
    this.config = config;
  }

  static DeepSpeedConfig read(String path) {
    StringBuilder text = new StringBuilder();
    try {
      new TextFile(path, HadoopSettings.ofDriver())
          .forEachLine((line, where) -> text.append(line).append('\n'));
      JsonNode config = JSON.readTree(text.toString());
      if (!config.isObject()) {
        throw InputException.of("%s: expected a JSON object", path);
      }
      return new DeepSpeedConfig(path, config);
    } catch (JsonProcessingException e) {
      throw new InputException(
          path + ":" + e.getLocation().getLineNr() + ": broken JSON: " + e.getOriginalMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Holds the configuration against the command line.
   *
   * @return the names of what has no meaning here
   * @throws OptionException naming a value that contradicts an option
   */
  List<String> check(TrainOptions options) {
    Map<String, Object> meant = new LinkedHashMap<>();
    meant.put("optimizer/params/lr", options.rate().peak());
    meant.put("optimizer/params/betas/0", options.optimizer().beta1());
    meant.put("optimizer/params/betas/1", options.optimizer().beta2());
    meant.put("optimizer/params/eps", options.optimizer().epsilon());
    meant.put("optimizer/params/weight_decay", options.optimizer().weightDecay());
    meant.put("gradient_accumulation_steps", options.data().plan().gradientAccumulationSteps());
    meant.put("gradient_clipping", options.optimizer().maxGradNorm());
    meant.put("train_micro_batch_size_per_gpu", options.data().plan().perDeviceTrainBatchSize());
    meant.put(
        "train_batch_size",
        options.data().plan().perDeviceTrainBatchSize()
            * options.data().plan().gradientAccumulationSteps()
            * options.compute().workers());
    meant.forEach(this::checkNumber);
    checkFlag("bf16/enabled", options.compute().dtype() == Dtype.BFLOAT16, "--bf16");
    checkFlag("fp16/enabled", options.compute().dtype() == Dtype.FLOAT16, "--fp16");
    checkOptimizer();
    checkScheduler(options);
    List<String> ignored = new ArrayList<>();
    config
        .fields()
        .forEachRemaining(
            field -> {
              String name = field.getKey();
              boolean known =
                  CHECKED.contains(name)
                      || meant.keySet().stream().anyMatch(key -> key.split("/")[0].equals(name));
              if (!known) {
                checkOff(name, field.getValue());
                ignored.add(name);
              }
            });
    return ignored;
  }

  /** Adam is AdamW there, unless it says otherwise. */
  private void checkOptimizer() {
    String optimizer = config.at("/optimizer/type").asText("AdamW");
    if (!optimizer.equals("AdamW") && !optimizer.equals("Adam")) {
      throw OptionException.of(
          "%s: optimizer %s is not supported; supported: AdamW", path, optimizer);
    }
    boolean plainAdam =
        optimizer.equals("Adam")
            && !config.at("/optimizer/params/adam_w_mode").asBoolean(/* defaultValue= */ true);
    if (plainAdam || !config.at("/optimizer/params/bias_correction").asBoolean(true)) {
      throw OptionException.of(
          "%s: optimizer.params.%s is false, which is not supported; supported: AdamW",
          path, plainAdam ? "adam_w_mode" : "bias_correction");
    }
  }

  /** DeepSpeed's scheduler would stand in the place of {@code --lr-scheduler-type}. */
  private void checkScheduler(TrainOptions options) {
    if (!config.path("scheduler").isObject()) {
      return;
    }
    String type = config.at("/scheduler/type").asText();
    Schedule schedule = SCHEDULES.get(type);
    Schedule asked = options.rate().schedule();
    if (schedule != asked) {
      throw OptionException.of(
          "%s: scheduler.type is %s, and the command line says --lr-scheduler-type %s; %s",
          path,
          type,
          asked.word(),
          schedule == null
              ? "leave the scheduler out of the file"
              : "leave it out of the file, or give --lr-scheduler-type " + schedule.word());
    }
    checkNumber("scheduler/params/warmup_min_lr", 0);
    checkNumber("scheduler/params/warmup_max_lr", options.rate().peak());
    checkNumber("scheduler/params/warmup_num_steps", options.rate().warmupSteps());
    checkNumber("scheduler/params/total_num_steps", options.data().plan().maxSteps());
  }

  /** What would change the training; most of it can be there and off. */
  private void checkOff(String name, JsonNode value) {
    boolean off =
        value.isNull()
            || (value.isBoolean() && !value.booleanValue())
            || (value.has("enabled") && !value.path("enabled").asBoolean());
    if (CHANGING.contains(name) && !off) {
      throw OptionException.of("%s: %s is not supported; take it out of the file", path, name);
    }
  }

  private void checkNumber(String key, Object expected) {
    JsonNode value = config.at("/" + key);
    if (value.isMissingNode() || value.asText().equals(AUTO)) {
      return;
    }
    double wanted = ((Number) expected).doubleValue();
    if (!value.isNumber() || value.doubleValue() != wanted) {
      throw OptionException.of(
          "%s: %s is %s, and the command line says %s; write \"auto\", or the same",
          path, key.replace('/', '.'), value, expected);
    }
  }

  private void checkFlag(String key, boolean expected, String option) {
    JsonNode value = config.at("/" + key);
    if (value.isBoolean() && value.booleanValue() != expected) {
      throw OptionException.of(
          "%s: %s is %s, and the command line has %s%s; write \"auto\", or the same",
          path, key.replace('/', '.'), value, expected ? "" : "no ", option);
    }
  }
}
