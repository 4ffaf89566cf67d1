package dev.rankspark.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * All tensors of a model directory, in the form that transformers prefers of those that are there
 * ({@code from_pretrained} in {@code modeling_utils.py}): one safetensors file, safetensors shards
 * with an index, one torch file, torch shards with an index.
 */
public final class Weights {
  private static final String INDEX = ".index.json";
  private static final List<String> FORMS =
      List.of(
          "model.safetensors",
          "model.safetensors" + INDEX,
          "pytorch_model.bin",
          "pytorch_model.bin" + INDEX);

  private final String file;
  private final Map<String, StoredTensor> tensors;

  private Weights(String file, Map<String, StoredTensor> tensors) {
    this.file = file;
    this.tensors = Collections.unmodifiableMap(tensors);
  }

  /** The name of the file that {@link #open} starts from, if there is one. */
  static Optional<String> find(ModelDirectory directory) {
    return FORMS.stream().filter(directory::has).findFirst();
  }

  /**
   * The names of all files of a directory's weights; before them those that would be preferred if
   * they were there.
   */
  static List<String> files(ModelDirectory directory) {
    String found = find(directory).orElseThrow();
    Set<String> files = new LinkedHashSet<>(FORMS.subList(0, FORMS.indexOf(found) + 1));
    if (found.endsWith(INDEX)) {
      directory.jsonObject(found).path("weight_map").forEach(shard -> files.add(shard.asText()));
    }
    return List.copyOf(files);
  }

  /**
   * Reads the headers of all files.
   *
   * @throws InputException if there are no weights, a shard is missing or cut, or a shard lacks a
   *     tensor that the index puts there
   */
  static Weights open(ModelDirectory directory) {
    String file =
        find(directory)
            .orElseThrow(
                () ->
                    InputException.of(
                        "%s has no weights: looked for %s",
                        directory.path(), String.join(", ", FORMS)));
    return new Weights(
        directory.pathOf(file),
        file.endsWith(INDEX) ? sharded(directory, file) : read(directory.file(file)));
  }

  /**
   * The tensors of one file of a directory, by name; only headers are read.
   *
   * @param name of a safetensors file or a torch archive
   * @throws InputException if the file is missing or broken
   */
  public static Map<String, StoredTensor> read(ModelDirectory directory, String name) {
    return read(directory.file(name));
  }

  /** The tensors by name. */
  Map<String, StoredTensor> tensors() {
    return tensors;
  }

  /** The path of the weights or of their index, for messages. */
  String file() {
    return file;
  }

  /** The tensors of one file of either format, by its name. */
  static Map<String, StoredTensor> read(CheckpointFile file) {
    return file.path().endsWith(".safetensors") ? Safetensors.read(file) : TorchArchive.read(file);
  }

  private static Map<String, StoredTensor> sharded(ModelDirectory directory, String index) {
    JsonNode weightMap = directory.jsonObject(index).path("weight_map");
    if (!weightMap.isObject() || weightMap.isEmpty()) {
      throw InputException.of(
          "%s: expected an object weight_map from tensor to file", directory.pathOf(index));
    }
    Map<String, Map<String, StoredTensor>> shards = new LinkedHashMap<>();
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    weightMap
        .fields()
        .forEachRemaining(
            field -> {
              String name = field.getKey();
              String shard = shardName(directory, index, name, field.getValue());
              StoredTensor tensor =
                  shards
                      .computeIfAbsent(shard, file -> shard(directory, index, name, file))
                      .get(name);
              if (tensor == null) {
                throw InputException.of(
                    "%s does not hold %s, which %s puts there; copy the directory again",
                    directory.pathOf(shard), Shown.text(name), index);
              }
              tensors.put(name, tensor);
            });
    return tensors;
  }

  private static String shardName(
      ModelDirectory directory, String index, String tensor, JsonNode value) {
    String shard = value.asText();
    boolean isName =
        value.isTextual()
            && !shard.isEmpty()
            && shard.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ');
    if (!isName || shard.equals(".") || shard.equals("..")) {
      throw InputException.of(
          "%s: expected the name of a file in this directory for %s, got %s",
          directory.pathOf(index), Shown.text(tensor), Shown.text(value.toString()));
    }
    return shard;
  }

  private static Map<String, StoredTensor> shard(
      ModelDirectory directory, String index, String tensor, String shard) {
    if (!directory.has(shard)) {
      throw InputException.of(
          "%s does not exist, but %s puts %s there; copy the directory again",
          directory.pathOf(Shown.text(shard)), index, Shown.text(tensor));
    }
    return read(directory.file(shard));
  }
}
