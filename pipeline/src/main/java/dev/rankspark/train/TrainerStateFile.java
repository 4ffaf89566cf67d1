package dev.rankspark.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.files.FileSum;
import dev.rankspark.files.Shown;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A training checkpoint's {@code trainer_state.json}: the state, and what the other files must be.
 *
 * @param path the checkpoint's directory, for messages
 */
record TrainerStateFile(String path, JsonNode json) {
  static final String NAME = "trainer_state.json";

  /** The optimizer's vectors, which no checkpoint lacks. */
  static final String OPTIMIZER = "optimizer.safetensors";

  /** The name of a checkpoint's directory, without its step. */
  static final String PREFIX = "checkpoint-";

  static final Pattern DIRECTORY = Pattern.compile(PREFIX + "(0|[1-9]\\d{0,17})");

  private static final JsonMapper JSON = new JsonMapper();

  /** Without a line end, so that no part of it is JSON. */
  static String json(TrainerState state, Map<String, FileSum> files)
      throws JsonProcessingException {
    ObjectNode json = JSON.createObjectNode();
    json.put("step", state.step());
    json.put("epoch", state.epoch());
    ObjectNode settings = json.putObject("settings");
    state.settings().forEach(settings::put);
    ArrayNode log = json.putArray("log");
    state.log().forEach(log::add);
    ObjectNode sums = json.putObject("files");
    files.forEach(
        (name, sum) ->
            sums.putObject(name).put("length", sum.length()).put("crc32c", sum.crc32c()));
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json);
  }

  /**
   * Reads the file.
   *
   * @throws BrokenCheckpointException if it is missing or no JSON
   */
  static TrainerStateFile read(ModelDirectory directory) {
    try {
      return new TrainerStateFile(directory.path(), directory.jsonObject(NAME));
    } catch (InputException e) {
      Throwable cause = e.getCause();
      if (cause instanceof IOException
          && !(cause instanceof FileNotFoundException
              || cause instanceof JsonProcessingException
              || cause instanceof CharacterCodingException)) {
        throw e;
      }
      throw new BrokenCheckpointException(e.getMessage(), e);
    }
  }

  /** The training's state. */
  TrainerState state() {
    Map<String, String> settings = new LinkedHashMap<>();
    json.path("settings")
        .fields()
        .forEachRemaining(s -> settings.put(s.getKey(), s.getValue().asText()));
    List<ObjectNode> log = new ArrayList<>();
    for (JsonNode line : json.path("log")) {
      if (!(line instanceof ObjectNode object)) {
        throw BrokenCheckpointException.of(path, "%s: expected a JSON object in log", NAME);
      }
      log.add(object);
    }
    JsonNode step = json.path("step");
    JsonNode epoch = json.path("epoch");
    Matcher name = DIRECTORY.matcher(path.replaceFirst("/+$", "").replaceFirst(".*/", ""));
    if (name.matches() && !name.group(1).equals(step.asText())) {
      throw BrokenCheckpointException.of(
          path, "%s: expected step %s, got %s", NAME, name.group(1), Shown.text(step.toString()));
    }
    if (!step.canConvertToLong() || step.asLong() < 0 || !(epoch.asDouble(-1) >= 0)) {
      throw BrokenCheckpointException.of(
          path,
          "%s: expected numbers from 0 on as step and epoch, got %s and %s",
          NAME,
          Shown.text(step.toString()),
          Shown.text(epoch.toString()));
    }
    return new TrainerState(step.asLong(), epoch.asDouble(), settings, log);
  }

  /** The other files, by name. */
  Map<String, FileSum> files() {
    Map<String, FileSum> files = new LinkedHashMap<>();
    json.path("files")
        .fields()
        .forEachRemaining(
            file ->
                files.put(
                    file.getKey(),
                    new FileSum(
                        file.getValue().path("length").asLong(-1),
                        file.getValue().path("crc32c").asText())));
    if (!files.containsKey(OPTIMIZER) || files.keySet().stream().anyMatch(f -> f.contains("/"))) {
      throw BrokenCheckpointException.of(
          path, "%s: expected the files with their sums, %s among them", NAME, OPTIMIZER);
    }
    return files;
  }
}
