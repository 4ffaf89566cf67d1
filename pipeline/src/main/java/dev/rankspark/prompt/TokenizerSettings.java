package dev.rankspark.prompt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.files.Shown;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * {@code tokenizer_config.json}, with {@code special_tokens_map.json} where transformers reads that
 * too, and the class by which transformers reads the directory: version 4.49 as Tevatron uses it,
 * or version 5 where that has written it. A key that would change ids and is not honoured is
 * refused by its name; the others have no effect on ids (chat templates, {@code model_max_length},
 * what decoding does).
 */
final class TokenizerSettings {
  static final String FILE = "tokenizer_config.json";
  private static final String MAP = "special_tokens_map.json";
  private static final String MODEL = "config.json";

  /** Special tokens without a name of their own, in version 4 and 5. */
  static final String ADDITIONAL = "additional_special_tokens";

  /** In version 4 an object: more names; in version 5 a list, or an object of names. */
  static final String EXTRA = "extra_special_tokens";

  /** Where version 5 keeps its names. */
  static final String MODEL_SPECIFIC = "model_specific_special_tokens";

  /** By what a directory is read. */
  enum Reader {
    /** {@code LlamaTokenizerFast} of version 4: makes the post-processor anew. */
    LLAMA_4,
    /** {@code PreTrainedTokenizerFast} of version 4: {@code tokenizer.json} nearly as it is. */
    FAST_4,
    /** {@code GPT2TokenizerFast} of version 4: the same, with special tokens of its own. */
    GPT2_4,
    /** {@code Qwen2TokenizerFast} of version 4: likewise. */
    QWEN2_4,
    /** {@code LlamaTokenizer} of version 5: keeps vocabulary and post-processor alone. */
    LLAMA_5,
    /** {@code GPT2Tokenizer} of version 5: likewise. */
    GPT2_5,
    /** {@code Qwen2Tokenizer} of version 5: likewise. */
    QWEN2_5,
    /** {@code TokenizersBackend} of version 5: {@code tokenizer.json} as it is. */
    BACKEND_5;

    /** The text of a special token that the files do not name, as the class has it. */
    Optional<String> otherwise(String name) {
      return switch (this) {
        case LLAMA_4, LLAMA_5 -> Optional.ofNullable(LLAMA_TOKENS.get(name));
        case GPT2_4, GPT2_5 -> Optional.ofNullable(GPT2_TOKENS.get(name));
        case QWEN2_4, QWEN2_5 -> Optional.ofNullable(QWEN2_TOKENS.get(name));
        case FAST_4, BACKEND_5 -> Optional.empty();
      };
    }

    boolean isOf5() {
      return this == BACKEND_5 || isRebuilt();
    }

    /** Whether the class makes all but vocabulary and post-processor anew. */
    boolean isRebuilt() {
      return this == LLAMA_5 || this == GPT2_5 || this == QWEN2_5;
    }
  }

  private static final String BACKEND = "TokenizersBackend";
  private static final Set<String> LLAMA_CLASSES = Set.of("LlamaTokenizer", "LlamaTokenizerFast");
  private static final Set<String> GPT2_CLASSES = Set.of("GPT2Tokenizer", "GPT2TokenizerFast");
  private static final Set<String> QWEN2_CLASSES = Set.of("Qwen2Tokenizer", "Qwen2TokenizerFast");
  private static final String FAST = "PreTrainedTokenizerFast";

  private static final Map<String, String> LLAMA_TOKENS =
      Map.of("bos_token", "<s>", "eos_token", "</s>", "unk_token", "<unk>");
  private static final Map<String, String> GPT2_TOKENS =
      Map.of(
          "bos_token", "<|endoftext|>", "eos_token", "<|endoftext|>", "unk_token", "<|endoftext|>");
  private static final Map<String, String> QWEN2_TOKENS =
      Map.of(
          "eos_token", "<|endoftext|>", "unk_token", "<|endoftext|>", "pad_token", "<|endoftext|>");

  /** The class of version 4 for a model type whose directory names none. */
  private static final Map<String, Reader> READERS_4 =
      Map.of(
          "llama", Reader.LLAMA_4,
          "mistral", Reader.LLAMA_4,
          "gpt2", Reader.GPT2_4,
          "qwen2", Reader.QWEN2_4,
          "qwen3", Reader.QWEN2_4);

  /**
   * By these transformers takes the tokenizer from elsewhere, or makes another of it: refused
   * unless absent, null, false or empty.
   */
  private static final List<String> UNSUPPORTED =
      List.of("split_special_tokens", "from_slow", "init_inputs", "tokenizer_object");

  private final String path;
  private final ObjectNode config;
  private final Reader reader;
  private boolean renamed;

  private TokenizerSettings(String path, ObjectNode config, Reader reader) {
    this.path = path;
    this.config = config;
    this.reader = reader;
  }

  /**
   * Reads a directory's settings.
   *
   * @param byteLevel whether {@code tokenizer.json} is of bytes
   */
  static TokenizerSettings read(ModelDirectory directory, BooleanSupplier byteLevel) {
    JsonNode stored =
        directory.has(FILE) ? directory.json(FILE) : JsonNodeFactory.instance.objectNode();
    if (!stored.isObject()) {
      throw InputException.of("%s/%s: expected a JSON object", directory.path(), FILE);
    }
    ObjectNode config = stored.deepCopy();
    Reader reader = reader(directory, config, byteLevel);
    TokenizerSettings settings = new TokenizerSettings(directory.path(), config, reader);
    settings.rename();
    if (!config.has("added_tokens_decoder") && directory.has(MAP)) {
      settings.override(directory.json(MAP));
    }
    settings.rename();
    settings.refuseUnsupported();
    return settings;
  }

  private static Reader reader(
      ModelDirectory directory, JsonNode config, BooleanSupplier byteLevel) {
    JsonNode model = directory.has(MODEL) ? directory.json(MODEL) : MissingNode.getInstance();
    String type = model.path("model_type").asText();
    JsonNode stored =
        config.hasNonNull("tokenizer_class")
            ? config.get("tokenizer_class")
            : model.path("tokenizer_class");
    JsonNode backend = config.path("backend");
    if (config.hasNonNull("backend") && !backend.asText().equals("tokenizers")) {
      throw InputException.of(
          "%s/%s: backend %s is not supported; supported: tokenizers",
          directory.path(), FILE, Shown.text(backend.toString()));
    }
    boolean isNamed = !stored.isMissingNode() && !stored.isNull();
    String named = stored.asText();
    Set<String> others = Set.of(FAST, BACKEND);
    boolean isKnown =
        Stream.of(LLAMA_CLASSES, GPT2_CLASSES, QWEN2_CLASSES, others)
            .anyMatch(classes -> classes.contains(named));
    if (isNamed && !isKnown) {
      throw InputException.of(
          "%s/%s: tokenizer_class %s is not supported; supported: LlamaTokenizer, GPT2Tokenizer,"
              + " Qwen2Tokenizer, each with Fast or without, PreTrainedTokenizerFast,"
              + " TokenizersBackend",
          directory.path(), FILE, Shown.text(named));
    }
    return config.hasNonNull("backend") || named.equals(BACKEND)
        ? reader5(named, type, byteLevel)
        : reader4(isNamed, named, type);
  }

  private static Reader reader4(boolean isNamed, String named, String type) {
    if (!isNamed) {
      return READERS_4.getOrDefault(type, Reader.FAST_4);
    }
    if (LLAMA_CLASSES.contains(named)) {
      return Reader.LLAMA_4;
    }
    if (QWEN2_CLASSES.contains(named)) {
      return Reader.QWEN2_4;
    }
    return GPT2_CLASSES.contains(named) ? Reader.GPT2_4 : Reader.FAST_4;
  }

  /**
   * {@code AutoTokenizer} of version 5 has no class for "llama". The one for "mistral", {@code
   * TokenizersBackend}, and the one for "qwen2" count more than the one that is named.
   */
  private static Reader reader5(String named, String type, BooleanSupplier byteLevel) {
    boolean isQwen2 =
        type.equals("qwen2")
            || QWEN2_CLASSES.contains(named)
            || (named.isEmpty() && type.equals("qwen3"));
    if (type.equals("mistral")) {
      return Reader.BACKEND_5;
    }
    if (isQwen2) {
      return Reader.QWEN2_5;
    }
    if (LLAMA_CLASSES.contains(named) && !byteLevel.getAsBoolean()) {
      return Reader.LLAMA_5;
    }
    boolean isGpt2 = GPT2_CLASSES.contains(named) || (named.isEmpty() && type.equals("gpt2"));
    return isGpt2 ? Reader.GPT2_5 : Reader.BACKEND_5;
  }

  /** Version 5 calls the nameless tokens otherwise, and takes them from one of the keys alone. */
  private void rename() {
    if (!reader.isOf5()) {
      return;
    }
    JsonNode extra = config.path(EXTRA);
    if (config.has(ADDITIONAL) && (!config.has(EXTRA) || (!renamed && isEmpty(extra)))) {
      extra = config.remove(ADDITIONAL);
      config.set(EXTRA, extra);
    }
    renamed = true;
    if (extra.isObject()) {
      JsonNode known = config.path(MODEL_SPECIFIC);
      ObjectNode names = known.isObject() ? (ObjectNode) known : config.putObject(MODEL_SPECIFIC);
      extra.fields().forEachRemaining(token -> names.set(token.getKey(), token.getValue()));
      config.remove(EXTRA);
    }
  }

  /** Older directories keep the special tokens in a file of their own, which counts more. */
  private void override(JsonNode map) {
    if (!map.isObject()) {
      throw InputException.of("%s/%s: expected a JSON object", path, MAP);
    }
    String list = reader.isOf5() ? EXTRA : ADDITIONAL;
    map.fields()
        .forEachRemaining(
            token -> {
              JsonNode value = special(token.getValue());
              if (token.getKey().equals(list) && value.isArray()) {
                ArrayNode all = JsonNodeFactory.instance.arrayNode();
                config.path(list).forEach(all::add);
                value.forEach(one -> all.add(special(one)));
                value = all;
              }
              config.set(token.getKey(), value);
            });
  }

  /** An object there is a token, and a special one whatever it says. */
  private static JsonNode special(JsonNode token) {
    return token.isObject() ? token.<ObjectNode>deepCopy().put("special", true) : token;
  }

  private void refuseUnsupported() {
    for (String key : UNSUPPORTED) {
      JsonNode value = config.path(key);
      boolean isSwitch = key.equals("split_special_tokens");
      if (isSwitch ? isOn(key, false) : config.hasNonNull(key) && !isEmpty(value)) {
        throw InputException.of(
            "%s/%s: %s %s is not supported; supported: absent, false",
            path, FILE, key, Shown.text(value.toString()));
      }
    }
    if (!reader.isOf5() && config.has("tokenizer_file")) {
      throw InputException.of(
          "%s/%s: tokenizer_file %s is not supported: transformers would read it instead of"
              + " tokenizer.json; remove the key",
          path, FILE, Shown.text(config.get("tokenizer_file").toString()));
    }
    if (reader.isOf5() && isOn("fix_mistral_regex", false)) {
      throw InputException.of("%s/%s: fix_mistral_regex true is not supported", path, FILE);
    }
    side("padding_side"); // without effect on a score: texts are not padded here
  }

  private static boolean isEmpty(JsonNode value) {
    return value.isNull()
        || (value.isBoolean() && !value.booleanValue())
        || (value.isContainerNode() && value.isEmpty());
  }

  Reader reader() {
    return reader;
  }

  JsonNode get(String key) {
    return config.path(key);
  }

  boolean has(String key) {
    return config.has(key);
  }

  ObjectNode config() {
    return config;
  }

  /** {@code left} or {@code right}; empty if the configuration does not say. */
  Optional<String> side(String key) {
    JsonNode side = config.path(key);
    if (side.isMissingNode()) {
      return Optional.empty();
    }
    if (!Set.of("left", "right").contains(side.asText())) {
      throw InputException.of(
          "%s/%s: %s %s is not supported; supported: left, right",
          path, FILE, key, Shown.text(side.toString()));
    }
    return Optional.of(side.asText());
  }

  /** A switch; what only Python takes for one (null, 0, "false") is refused. */
  boolean isOn(String key, boolean otherwise) {
    JsonNode value = config.path(key);
    if (!value.isMissingNode() && !value.isBoolean()) {
      throw InputException.of(
          "%s/%s: expected true or false as %s, got %s",
          path, FILE, key, Shown.text(value.toString()));
    }
    return value.asBoolean(otherwise);
  }

  /** Refuses a value that is there and of another kind than its reader looks into. */
  void expect(String kind, String key, Predicate<JsonNode> isKind) {
    JsonNode value = config.path(key);
    if (!value.isMissingNode() && !isKind.test(value)) {
      throw InputException.of(
          "%s/%s: expected %s as %s, got %s", path, FILE, kind, key, Shown.text(value.toString()));
    }
  }
}
