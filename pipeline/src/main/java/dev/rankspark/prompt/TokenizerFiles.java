package dev.rankspark.prompt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.checkpoint.Shown;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * What transformers' {@code AutoTokenizer} makes of a directory, as one {@code tokenizer.json}. The
 * file alone is not it: {@code LlamaTokenizerFast} replaces its post-processor by one made from
 * {@code add_bos_token} and {@code add_eos_token} of {@code tokenizer_config.json} ({@code
 * update_post_processor}), and special tokens named there are added where the file lacks them
 * ({@code PreTrainedTokenizerFast.__init__}). Read at transformers 4.49.0.
 */
final class TokenizerFiles {
  private static final String TOKENIZER = "tokenizer.json";
  private static final String CONFIG = "tokenizer_config.json";
  private static final int DEEPEST = 64;

  /** The tokenizers library takes a time quadratic in a special token's length. */
  private static final int LONGEST_SPECIAL = 1_000;

  private static final List<String> SPECIAL_TOKENS =
      List.of("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token");

  /**
   * The model types whose {@code AutoTokenizer} without a {@code tokenizer_class} is {@code
   * LlamaTokenizerFast}.
   */
  private static final Set<String> LLAMA_TOKENIZER_TYPES = Set.of("llama", "mistral");

  private final String path;
  private final ObjectNode tokenizer;
  private final JsonNode config;

  private TokenizerFiles(String path, ObjectNode tokenizer, JsonNode config) {
    this.path = path;
    this.tokenizer = tokenizer;
    this.config = config;
  }

  static TokenizerFiles read(ModelDirectory directory) {
    if (!directory.has(TOKENIZER)) {
      throw InputException.of(
          "%s has no %s; make one with transformers: AutoTokenizer.from_pretrained(...)"
              + ".save_pretrained(...), or name another directory by --tokenizer-name",
          directory.path(), TOKENIZER);
    }
    JsonNode stored = directory.json(TOKENIZER);
    if (!stored.path("model").path("vocab").isContainerNode()) {
      throw InputException.of(
          "%s/%s: model.vocab is missing: not a file of the tokenizers library",
          directory.path(), TOKENIZER);
    }
    TokenizerFiles files =
        new TokenizerFiles(directory.path(), stored.deepCopy(), configOf(directory));
    files.refuseDeep();
    files.refuseMergesWithoutPrefix();
    files.refuseUnsupported();
    files.addSpecialTokens();
    if (files.isLlama(directory)) {
      files.replacePostProcessor();
    }
    return files;
  }

  /** The configuration; older directories keep the special tokens in a file of their own. */
  private static JsonNode configOf(ModelDirectory directory) {
    JsonNode stored =
        directory.has(CONFIG) ? directory.json(CONFIG) : JsonNodeFactory.instance.objectNode();
    if (!stored.isObject()) {
      throw InputException.of("%s/%s: expected a JSON object", directory.path(), CONFIG);
    }
    ObjectNode config = stored.deepCopy();
    if (!config.has("added_tokens_decoder") && directory.has("special_tokens_map.json")) {
      JsonNode map = directory.json("special_tokens_map.json");
      if (!map.isObject()) {
        throw InputException.of(
            "%s/special_tokens_map.json: expected a JSON object", directory.path());
      }
      map.fields()
          .forEachRemaining(
              token -> {
                if (!config.hasNonNull(token.getKey())) {
                  config.set(token.getKey(), token.getValue());
                }
              });
    }
    return config;
  }

  /**
   * What the tokenizers library cannot read it mostly refuses, but from some values that are nested
   * too deeply for it (serde_json's limit is 128) it panics, which ends the process.
   */
  private void refuseDeep() {
    if (depth(tokenizer, 0) > DEEPEST) {
      throw InputException.of(
          "%s/%s: values are nested more than %d deep: not a file of the tokenizers library",
          path, TOKENIZER, DEEPEST);
    }
  }

  /** The library cuts the prefix off without looking: where it is not, it panics. */
  private void refuseMergesWithoutPrefix() {
    JsonNode model = tokenizer.path("model");
    String prefix = model.path("continuing_subword_prefix").asText("");
    for (JsonNode merge : model.path("merges")) {
      String second =
          merge.isArray() ? merge.path(1).asText() : merge.asText().replaceFirst("^[^ ]* ", "");
      if (!second.startsWith(prefix)) {
        throw InputException.of(
            "%s/%s: the merge %s lacks continuing_subword_prefix \"%s\"",
            path, TOKENIZER, Shown.text(merge.toString()), Shown.text(prefix));
      }
    }
  }

  private static int depth(JsonNode node, int above) {
    int depth = above;
    for (JsonNode child : node) {
      depth = Math.max(depth, depth(child, above + 1));
    }
    return depth;
  }

  private boolean isLlama(ModelDirectory directory) {
    JsonNode named = config.path("tokenizer_class");
    if (named.isTextual()) {
      return named.asText().equals("LlamaTokenizer") || named.asText().equals("LlamaTokenizerFast");
    }
    return directory.has("config.json")
        && LLAMA_TOKENIZER_TYPES.contains(
            directory.json("config.json").path("model_type").asText());
  }

  private void refuseUnsupported() {
    String named = config.path("tokenizer_class").asText("LlamaTokenizerFast");
    if (!Set.of("LlamaTokenizer", "LlamaTokenizerFast", "PreTrainedTokenizerFast")
        .contains(named)) {
      throw InputException.of(
          "%s/%s: tokenizer_class %s is not supported; supported: LlamaTokenizer,"
              + " LlamaTokenizerFast, PreTrainedTokenizerFast",
          path, CONFIG, Shown.text(named));
    }
    if (isOn("split_special_tokens", false)) {
      throw InputException.of("%s/%s: split_special_tokens true is not supported", path, CONFIG);
    }
    // transformers makes the tokenizer anew from tokenizer.model then; the result is the stored one
    // only where that one puts a blank before the text too.
    JsonNode prefixSpace = config.path("add_prefix_space");
    if (prefixSpace.isBoolean() && prefixSpace.asBoolean() != prependsSpace()) {
      throw InputException.of(
          "%s/%s: add_prefix_space %s, but %s was made for the opposite; save the tokenizer again"
              + " with transformers",
          path, CONFIG, prefixSpace, TOKENIZER);
    }
  }

  private boolean prependsSpace() {
    boolean normalizer = tokenizer.path("normalizer").findValuesAsText("type").contains("Prepend");
    JsonNode metaspace = tokenizer.path("pre_tokenizer");
    return normalizer
        || metaspace.findValuesAsText("prepend_scheme").stream()
            .anyMatch(scheme -> !scheme.equals("never"));
  }

  private void addSpecialTokens() {
    expect(TOKENIZER, "a list", tokenizer.path("added_tokens"), "added_tokens", JsonNode::isArray);
    JsonNode decoder = config.path("added_tokens_decoder");
    expect(CONFIG, "an object", decoder, "added_tokens_decoder", JsonNode::isObject);
    JsonNode additional = config.path("additional_special_tokens");
    expect(CONFIG, "a list", additional, "additional_special_tokens", JsonNode::isArray);
    JsonNode listed = tokenizer.path("added_tokens");
    ArrayNode added = listed.isArray() ? (ArrayNode) listed : tokenizer.putArray("added_tokens");
    Set<String> known = new HashSet<>(added.findValuesAsText("content"));
    decoder
        .fields()
        .forEachRemaining(
            entry -> {
              if (known.add(content(entry.getValue()))) {
                added.add(addedToken(entry));
              }
            });
    for (String name : SPECIAL_TOKENS) {
      specialToken(name).filter(known::add).ifPresent(token -> added.add(addedToken(token)));
    }
    for (JsonNode token : additional) {
      String content = content(token);
      if (known.add(content)) {
        added.add(addedToken(content));
      }
    }
    for (String content : known) {
      if (content.length() > LONGEST_SPECIAL) {
        throw InputException.of(
            "%s: the special token %s has %d characters, expected at most %d",
            path, Shown.text(content), content.length(), LONGEST_SPECIAL);
      }
    }
  }

  /** Refuses a value that is there and of another kind than its reader looks into. */
  private void expect(
      String file, String kind, JsonNode value, String key, Predicate<JsonNode> isKind) {
    if (!value.isMissingNode() && !value.isNull() && !isKind.test(value)) {
      throw InputException.of(
          "%s/%s: expected %s as %s, got %s", path, file, kind, key, Shown.text(value.toString()));
    }
  }

  /** A token of {@code added_tokens_decoder}, where the id is the key. */
  private ObjectNode addedToken(Map.Entry<String, JsonNode> entry) {
    expect(CONFIG, "objects", entry.getValue(), "added_tokens_decoder", JsonNode::isObject);
    ObjectNode token = entry.getValue().deepCopy();
    try {
      token.put("id", Integer.parseInt(entry.getKey()));
    } catch (NumberFormatException e) {
      throw InputException.of(
          "%s/%s: added_tokens_decoder: expected token ids as keys, got \"%s\"",
          path, CONFIG, Shown.text(entry.getKey()));
    }
    return token;
  }

  /** A special token that neither file lists: its id is the vocabulary's, or the next free one. */
  private ObjectNode addedToken(String content) {
    ObjectNode token = JsonNodeFactory.instance.objectNode();
    return token
        .put("id", id(content).orElseGet(this::nextId))
        .put("content", content)
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", true);
  }

  private int nextId() {
    int next = tokenizer.path("model").path("vocab").size();
    for (JsonNode token : tokenizer.path("added_tokens")) {
      next = Math.max(next, token.path("id").asInt() + 1);
    }
    return next;
  }

  /** {@code LlamaTokenizerFast.update_post_processor}. */
  private void replacePostProcessor() {
    List<String> before = new ArrayList<>();
    List<String> after = new ArrayList<>();
    if (isOn("add_bos_token", true)) {
      before.add(required("bos_token", "<s>", "add_bos_token"));
    }
    if (isOn("add_eos_token", false)) {
      after.add(required("eos_token", "</s>", "add_eos_token"));
    }
    ObjectNode processor = tokenizer.putObject("post_processor").put("type", "TemplateProcessing");
    ArrayNode single = processor.putArray("single");
    ArrayNode pair = processor.putArray("pair");
    ObjectNode tokens = processor.putObject("special_tokens");
    for (String token : before) {
      special(single, tokens, token, 0);
      special(pair, tokens, token, 0);
    }
    sequence(single, "A", 0);
    sequence(pair, "A", 0);
    sequence(pair, "B", 1);
    for (String token : after) {
      special(single, tokens, token, 0);
      special(pair, tokens, token, 1);
    }
  }

  /** A switch; what only Python takes for one (null, 0, "false") is refused. */
  private boolean isOn(String key, boolean otherwise) {
    JsonNode value = config.path(key);
    if (!value.isMissingNode() && !value.isBoolean()) {
      throw InputException.of(
          "%s/%s: expected true or false as %s, got %s",
          path, CONFIG, key, Shown.text(value.toString()));
    }
    return value.asBoolean(otherwise);
  }

  private void special(ArrayNode template, ObjectNode tokens, String token, int type) {
    template.addObject().putObject("SpecialToken").put("id", token).put("type_id", type);
    ObjectNode entry = tokens.putObject(token).put("id", token);
    entry.putArray("ids").add(id(token).orElseThrow());
    entry.putArray("tokens").add(token);
  }

  private static void sequence(ArrayNode template, String id, int type) {
    template.addObject().putObject("Sequence").put("id", id).put("type_id", type);
  }

  private String required(String name, String otherwise, String reason) {
    String token =
        config.has(name)
            ? specialToken(name)
                .orElseThrow(
                    () ->
                        InputException.of(
                            "%s/%s: %s is true, but %s is null", path, CONFIG, reason, name))
            : otherwise;
    if (id(token).isEmpty()) {
      throw InputException.of(
          "%s/%s: %s \"%s\" is not in %s", path, CONFIG, name, Shown.text(token), TOKENIZER);
    }
    return token;
  }

  /**
   * A special token by its name in the configuration: a text, or an object with {@code content}.
   */
  private Optional<String> specialToken(String name) {
    JsonNode token = config.path(name);
    return token.isMissingNode() || token.isNull() ? Optional.empty() : Optional.of(content(token));
  }

  private String content(JsonNode token) {
    JsonNode content = token.isObject() ? token.path("content") : token;
    if (!content.isTextual() || content.asText().isEmpty()) {
      throw InputException.of(
          "%s/%s: expected a text as special token, got %s",
          path, CONFIG, Shown.text(token.toString()));
    }
    return content.asText();
  }

  /** The id of a token, if the vocabulary or the added tokens have it. */
  private Optional<Integer> id(String content) {
    JsonNode id = tokenizer.path("model").path("vocab").path(content);
    if (id.isInt()) {
      return Optional.of(id.asInt()); // whatever id the list below gives it, as the library has it
    }
    for (JsonNode token : tokenizer.path("added_tokens")) {
      if (token.path("content").asText().equals(content)) {
        return Optional.of(token.path("id").asInt());
      }
    }
    return Optional.empty();
  }

  /** The tokenizer as the tokenizers library reads it. */
  String json() {
    return tokenizer.toString();
  }

  /** The id that {@code --append-eos-token} appends. */
  int eosId() {
    return id(required("eos_token", "</s>", "--append-eos-token")).orElseThrow();
  }

  /**
   * The padding token's id; 0 where the tokenizer has none, as Tevatron's {@code rerank.py} sets
   * it.
   */
  int padId() {
    return specialToken("pad_token").flatMap(this::id).orElse(0);
  }
}
