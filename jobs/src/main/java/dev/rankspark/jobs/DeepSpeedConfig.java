package dev.rankspark.jobs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.InputException;
import dev.rankspark.OptionException;
import dev.rankspark.model.Dtype;
import dev.rankspark.run.TextFile;
import dev.rankspark.train.TrainOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A DeepSpeed configuration as transformers' {@code HfTrainerDeepSpeedConfig} takes it: a value is
 * {@code "auto"} or must agree with the command line. How DeepSpeed spreads memory has no meaning
 * here.
 */
final class DeepSpeedConfig {
  private static final String AUTO = "auto";
  private static final JsonMapper JSON = new JsonMapper();

  private final String path;
  private final JsonNode config;

  private DeepSpeedConfig(String path, JsonNode config) {
    this.path = path;
    this.config = config;
  }

  static DeepSpeedConfig read(String path) {
    StringBuilder text = new StringBuilder();
    try {
      new TextFile(path, SparkSessions.hadoop())
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
    String optimizer = config.at("/optimizer/type").asText("AdamW");
    if (!optimizer.equals("AdamW") && !optimizer.equals("Adam")) {
      throw OptionException.of(
          "%s: optimizer %s is not supported; supported: AdamW", path, optimizer);
    }
    List<String> ignored = new ArrayList<>();
    config
        .fieldNames()
        .forEachRemaining(
            name -> {
              boolean known =
                  meant.keySet().stream().anyMatch(key -> key.split("/")[0].equals(name));
              if (!known && !name.equals("bf16") && !name.equals("fp16")) {
                ignored.add(name);
              }
            });
    return ignored;
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
