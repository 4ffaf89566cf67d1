package dev.rankspark.hub;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Which files of a repository a model is read from: as transformers and PEFT choose them, weights
 * in pickles only where there are no safetensors. Code is never among them.
 *
 * @param files to fetch first
 * @param index of these, the one that names the files of the weights, if it does
 */
record ModelFiles(List<String> files, Optional<String> index) {
  /** What of a checkpoint a repository is asked for. */
  enum Part {
    /** A model, or an adapter, and its tokenizer. */
    MODEL,
    /** An adapter alone. */
    ADAPTER,
    TOKENIZER
  }

  private static final String INDEX = ".index.json";
  private static final String CONFIG = "config.json";
  private static final String ADAPTER_CONFIG = "adapter_config.json";
  private static final String RERANKER_CONFIG = "reranker_config.json";
  private static final String RERANKER_HEAD = "reranker_head.pt";

  private static final List<String> TOKENIZER =
      List.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "tokenizer.model",
          CONFIG);
  private static final List<String> WEIGHTS =
      List.of(
          "model.safetensors",
          "model.safetensors" + INDEX,
          "pytorch_model.bin",
          "pytorch_model.bin" + INDEX);
  private static final List<String> ADAPTERS =
      List.of("adapter_model.safetensors", "adapter_model.bin");
  private static final List<String> OTHERS =
      List.of(RERANKER_CONFIG, RERANKER_HEAD, "generation_config.json");

  private static final JsonMapper JSON = new JsonMapper();

  /** All names that are looked for, whatever is there. */
  static List<String> candidates(Part part) {
    return switch (part) {
      case TOKENIZER -> TOKENIZER;
      case ADAPTER -> Stream.concat(ADAPTERS.stream(), Stream.of(ADAPTER_CONFIG)).toList();
      case MODEL ->
          Stream.of(TOKENIZER, WEIGHTS, OTHERS, candidates(Part.ADAPTER))
              .flatMap(List::stream)
              .toList();
    };
  }

  /**
   * Chooses among the files of a repository.
   *
   * @throws InputException if what is asked for is not there
   */
  static ModelFiles of(Part part, RepositoryName repository, Collection<String> names) {
    Set<String> there = Set.copyOf(names);
    List<String> files = new ArrayList<>();
    if (part != Part.ADAPTER) {
      TOKENIZER.stream().filter(there::contains).forEach(files::add);
    }
    if (part == Part.TOKENIZER) {
      if (files.stream().noneMatch(file -> file.startsWith("tokenizer"))) {
        throw nothing(repository, "tokenizer", List.of("tokenizer.json"), names);
      }
      return new ModelFiles(files, Optional.empty());
    }
    if (part == Part.ADAPTER || there.contains(ADAPTER_CONFIG)) {
      Optional<String> adapter = ADAPTERS.stream().filter(there::contains).findFirst();
      if (!there.contains(ADAPTER_CONFIG) || adapter.isEmpty()) {
        throw nothing(repository, "adapter", candidates(Part.ADAPTER), names);
      }
      files.add(ADAPTER_CONFIG);
      files.add(adapter.get());
      if (there.contains(RERANKER_CONFIG) && part == Part.MODEL) {
        files.add(RERANKER_CONFIG);
      }
      return new ModelFiles(files, Optional.empty());
    }
    String weights =
        WEIGHTS.stream()
            .filter(there::contains)
            .findFirst()
            .orElseThrow(() -> nothing(repository, "weights", WEIGHTS, names));
    if (!there.contains(CONFIG)) {
      throw nothing(repository, CONFIG, List.of(CONFIG), names);
    }
    OTHERS.stream()
        .filter(there::contains)
        .filter(file -> !file.equals(RERANKER_HEAD) || there.contains(RERANKER_CONFIG))
        .forEach(files::add);
    files.add(weights);
    return new ModelFiles(files, weights.endsWith(INDEX) ? Optional.of(weights) : Optional.empty());
  }

  private static InputException nothing(
      RepositoryName repository, String what, List<String> names, Collection<String> found) {
    boolean hasCode = found.stream().anyMatch(name -> name.endsWith(".py"));
    return InputException.of(
        "%s has no %s that can be read: looked for %s, found %s%s",
        repository,
        what,
        String.join(", ", names),
        found.isEmpty() ? "nothing" : Shown.first(new TreeSet<>(found)),
        hasCode ? "; code (.py) is neither fetched nor run" : "");
  }

  /**
   * The files that an index of weights names.
   *
   * @param file the index
   * @throws InputException if it is none, or names what is no file of weights beside it
   */
  static List<String> shards(RepositoryName repository, Path file) {
    JsonNode map;
    try {
      map = JSON.readTree(file.toFile()).path("weight_map");
    } catch (IOException e) {
      throw new InputException(file + ": not JSON: " + Shown.reason(e), e);
    }
    Set<String> shards = new TreeSet<>();
    map.forEach(shard -> shards.add(shard.asText()));
    if (shards.isEmpty()) {
      throw InputException.of("%s: expected a weight_map of tensors and their files", file);
    }
    for (String shard : shards) {
      boolean isWeights = shard.endsWith(".safetensors") || shard.endsWith(".bin");
      if (!isWeights || !HubClient.isPlain(shard)) {
        throw InputException.of(
            "%s: %s names \"%s\", which is no file of weights (.safetensors, .bin)",
            repository, file.getFileName(), Shown.text(shard));
      }
    }
    return List.copyOf(shards);
  }
}
