package dev.rankspark.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.OptionException;
import dev.rankspark.files.OutputDirectory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes a whole reranker as transformers' {@code save_pretrained} does: {@code config.json} of a
 * sequence classifier with one label, safetensors in shards with their index, tokenizer files.
 */
public final class ModelWriter {
  /** transformers' own, 5 GB. */
  public static final String DEFAULT_SHARD_SIZE = "5GB";

  private static final String CONFIG = "config.json";
  private static final String WEIGHTS = "model.safetensors";
  private static final String INDEX = WEIGHTS + ".index.json";
  private static final String GENERATION = "generation_config.json";
  private static final Set<String> TOKENIZER =
      Set.of(
          "tokenizer.json",
          "tokenizer.model",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json");
  private static final Pattern OWN_WEIGHTS =
      Pattern.compile("model(-\\d{5}-of-\\d{5})?\\.safetensors(\\.index\\.json)?");
  private static final Pattern SIZE = Pattern.compile("(\\d{1,9}(?:\\.\\d{1,9})?) ?([KMGT]B)");
  private static final Map<String, Long> UNITS =
      Map.of("KB", 1_000L, "MB", 1_000_000L, "GB", 1_000_000_000L, "TB", 1_000_000_000_000L);

  private static final JsonMapper JSON = new JsonMapper();

  private ModelWriter() {}

  /**
   * Reads a size as {@code max_shard_size} has it.
   *
   * @param text such as {@code 5GB}; a GB is 10^9 bytes
   */
  public static long parseShardSize(String text) {
    Matcher size = SIZE.matcher(text.strip().toUpperCase(Locale.ROOT));
    double bytes =
        size.matches() ? Double.parseDouble(size.group(1)) * UNITS.get(size.group(2)) : 0;
    if (bytes < 1) {
      throw OptionException.of(
          "--max-shard-size: expected a number of KB, MB, GB or TB, such as 5GB, got \"%s\"", text);
    }
    return (long) bytes;
  }

  /**
   * Writes weights, tokenizer and configuration, the configuration last.
   *
   * @param base has the {@code generation_config.json}, if there is one
   * @param tokenizer has the tokenizer's files, which are copied as they are
   * @param config see {@link #classifierConfig}
   * @param tensors put into shards in this order
   * @param shardBytes the most bytes of tensors in a file, unless a single one has more
   */
  public static void write(
      OutputDirectory directory,
      ModelDirectory base,
      ModelDirectory tokenizer,
      JsonNode config,
      List<NewTensor> tensors,
      long shardBytes) {
    writeWeights(directory, tensors, shardBytes);
    copyTokenizer(tokenizer, directory);
    copy(GENERATION, base, directory);
    directory.write(CONFIG, IndentedJson.of(config));
  }

  /**
   * A base's configuration, changed to that of a reranker: what {@code
   * AutoModelForSequenceClassification.from_pretrained(num_labels=1)} would save, with the padding
   * token that Tevatron's {@code RerankerModel.build} sets where there is none.
   *
   * @param architecture such as {@code LlamaForSequenceClassification}
   * @param type of all weights
   */
  public static JsonNode classifierConfig(JsonNode base, String architecture, StorageType type) {
    ObjectNode config = base.deepCopy();
    config.putArray("architectures").add(architecture);
    config.remove("num_labels"); // transformers counts the labels
    config.putObject("id2label").put("0", "LABEL_0");
    config.putObject("label2id").put("LABEL_0", 0);
    config.put("torch_dtype", type.torchName());
    if (config.has("dtype")) { // its name since transformers 5
      config.put("dtype", type.torchName());
    }
    if (!config.hasNonNull("pad_token_id")) {
      config.put("pad_token_id", 0);
    }
    return config;
  }

  /** Copies what a tokenizer consists of, as far as it is there. */
  public static void copyTokenizer(ModelDirectory from, OutputDirectory to) {
    tokenizerFiles(from).forEach((name, bytes) -> to.write(name, out -> out.write(bytes)));
  }

  /** What a tokenizer consists of, as far as it is there, by name. */
  public static SortedMap<String, byte[]> tokenizerFiles(ModelDirectory directory) {
    SortedMap<String, byte[]> files = new TreeMap<>();
    TOKENIZER.stream()
        .filter(directory::has)
        .forEach(name -> files.put(name, directory.read(name)));
    return files;
  }

  /** Whether this class writes files of that name. */
  public static boolean isOwn(String name) {
    return name.equals(CONFIG)
        || name.equals(GENERATION)
        || TOKENIZER.contains(name)
        || OWN_WEIGHTS.matcher(name).matches();
  }

  private static void copy(String name, ModelDirectory from, OutputDirectory to) {
    if (from.has(name)) {
      byte[] bytes = from.read(name);
      to.write(name, out -> out.write(bytes));
    }
  }

  private static void writeWeights(
      OutputDirectory directory, List<NewTensor> tensors, long shardBytes) {
    List<List<NewTensor>> shards = shards(tensors, shardBytes);
    if (shards.size() == 1) {
      SafetensorsWriter.write(directory, WEIGHTS, tensors);
      return;
    }
    Map<String, String> files = new TreeMap<>();
    for (int i = 0; i < shards.size(); i++) {
      String file =
          String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
      SafetensorsWriter.write(directory, file, shards.get(i));
      shards.get(i).forEach(tensor -> files.put(tensor.name(), file));
    }
    ObjectNode index = JSON.createObjectNode();
    index
        .putObject("metadata")
        .put("total_size", tensors.stream().mapToLong(NewTensor::bytes).sum());
    ObjectNode weightMap = index.putObject("weight_map");
    files.forEach(weightMap::put);
    directory.write(INDEX, IndentedJson.of(index));
  }

  /** A file is full when the next tensor would not fit ({@code huggingface_hub/serialization}). */
  private static List<List<NewTensor>> shards(List<NewTensor> tensors, long shardBytes) {
    List<List<NewTensor>> shards = new ArrayList<>();
    long size = Long.MAX_VALUE; // of the last shard
    for (NewTensor tensor : tensors) {
      if (size > shardBytes - tensor.bytes()) {
        shards.add(new ArrayList<>());
        size = 0;
      }
      shards.get(shards.size() - 1).add(tensor);
      size += tensor.bytes();
    }
    return shards;
  }
}
