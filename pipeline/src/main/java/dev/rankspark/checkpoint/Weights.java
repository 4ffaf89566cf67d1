package dev.rankspark.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rankspark.InputException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All tensors of a model directory, in transformers' order of preference; headers alone are read.
 */
final class Weights {
  private static final String SAFETENSORS = "model.safetensors";
  private static final String SAFETENSORS_INDEX = "model.safetensors.index.json";
  private static final String TORCH = "pytorch_model.bin";
  private static final String TORCH_INDEX = "pytorch_model.bin.index.json";

  private Weights() {}

  /**
   * Reads the headers.
   *
   * @throws InputException if there are none, or a shard is missing, cut or without a tensor that
   *     the index promises
   */
  static Map<String, StoredTensor> read(ModelDirectory directory) {
    if (directory.has(SAFETENSORS)) {
      return Safetensors.read(directory.file(SAFETENSORS));
    }
    if (directory.has(SAFETENSORS_INDEX)) {
      return sharded(directory, SAFETENSORS_INDEX);
    }
    if (directory.has(TORCH)) {
      return TorchArchive.read(directory.file(TORCH));
    }
    if (directory.has(TORCH_INDEX)) {
      return sharded(directory, TORCH_INDEX);
    }
    throw InputException.of(
        "%s has no weights; looked for %s",
        directory.path(),
        String.join(", ", List.of(SAFETENSORS, SAFETENSORS_INDEX, TORCH, TORCH_INDEX)));
  }

  /** A file of tensors, by its ending. */
  static Map<String, StoredTensor> readFile(StoredFile file) {
    return file.path().getName().endsWith(".safetensors")
        ? Safetensors.read(file)
        : TorchArchive.read(file);
  }

  private static Map<String, StoredTensor> sharded(ModelDirectory directory, String indexName) {
    JsonNode map = directory.json(indexName).path("weight_map");
    if (!map.isObject() || map.isEmpty()) {
      throw InputException.of("%s/%s: weight_map is missing", directory.path(), indexName);
    }
    Map<String, Map<String, StoredTensor>> shards = new LinkedHashMap<>();
    map.forEach(
        shard -> shards.computeIfAbsent(shard.asText(), name -> readFile(directory.file(name))));
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    map.fields()
        .forEachRemaining(
            entry -> {
              String shard = entry.getValue().asText();
              StoredTensor tensor = shards.get(shard).get(entry.getKey());
              if (tensor == null) {
                throw InputException.of(
                    "%s/%s lacks %s, which %s promises; copy it again",
                    directory.path(), shard, entry.getKey(), indexName);
              }
              tensors.put(entry.getKey(), tensor);
            });
    return tensors;
  }
}
