package dev.rankspark.prompt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.files.Shown;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * What transformers' {@code AutoTokenizer} makes of a directory, as one {@code tokenizer.json}. The
 * file alone is not it: {@link TokenizerSettings} says by which class it is read. Version 4's
 * {@code LlamaTokenizerFast} replaces the post-processor by one made from {@code add_bos_token} and
 * {@code add_eos_token} ({@code update_post_processor}); version 5's {@code LlamaTokenizer}, {@code
 * GPT2Tokenizer} and {@code Qwen2Tokenizer} replace everything but that one and the vocabulary; all
 * add special tokens ({@link AddedTokens}) and cut texts at {@code truncation_side}. Read at
 * transformers 4.49.0 and 5.24.0.
 */
final class TokenizerFiles {
  private static final String TOKENIZER = "tokenizer.json";
  private static final String CONFIG = TokenizerSettings.FILE;
  private static final int DEEPEST = 64;

  /** {@code PRETOKENIZE_REGEX} of transformers' {@code tokenization_qwen2.py}. */
  private static final String QWEN2_WORDS =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private final String path;
  private final ObjectNode tokenizer;
  private final TokenizerSettings settings;
  private final AddedTokens added;
  private final String side;

  private TokenizerFiles(ModelDirectory directory, ObjectNode tokenizer) {
    this.path = directory.path();
    this.tokenizer = tokenizer;
    refuseDeep();
    refuseMergesWithoutPrefix();
    this.settings = TokenizerSettings.read(directory, this::isOfBytes);
    this.side = truncationSide();
    refuseOtherPrefixSpace();
    this.added = AddedTokens.complete(directory, settings, tokenizer);
    switch (settings.reader()) {
      case LLAMA_4 -> replacePostProcessor();
      case FAST_4, GPT2_4, QWEN2_4 -> setPrefixSpace();
      case LLAMA_5 -> rebuildLlama();
      case GPT2_5 -> rebuildGpt2();
      case QWEN2_5 -> rebuildQwen2();
      case BACKEND_5 -> {}
    }
    tokenizer.putNull("padding"); // texts go to the model without
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
    return new TokenizerFiles(directory, stored.deepCopy());
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

  /** As {@code AutoTokenizer} of version 5 looks for it, wherever it stands. */
  private boolean isOfBytes() {
    return tokenizer.toString().contains("\"ByteLevel\"");
  }

  /** The configuration's, else the one that {@code tokenizer.json} was last used with. */
  private String truncationSide() {
    JsonNode stored = tokenizer.path("truncation");
    JsonNode direction = stored.path("direction");
    boolean isReadable =
        stored.isMissingNode()
            || stored.isNull()
            || (stored.isObject()
                && (direction.isMissingNode()
                    || List.of("Left", "Right").contains(direction.asText())));
    if (!isReadable) {
      throw InputException.of(
          "%s/%s: truncation %s is not supported; supported: null, an object with the direction"
              + " \"Left\" or \"Right\"",
          path, TOKENIZER, Shown.text(stored.toString()));
    }
    String otherwise = direction.asText().equals("Left") ? "left" : "right";
    return settings.side("truncation_side").orElse(otherwise);
  }

  /**
   * Version 4's LLaMA class makes the tokenizer anew from tokenizer.model then; the result is the
   * stored one only where that one puts a blank before the text too.
   */
  private void refuseOtherPrefixSpace() {
    JsonNode prefixSpace = settings.get("add_prefix_space");
    if (settings.reader() == TokenizerSettings.Reader.LLAMA_4
        && prefixSpace.isBoolean()
        && prefixSpace.asBoolean() != prependsSpace()) {
      throw InputException.of(
          "%s/%s: add_prefix_space %s, but %s was made for the opposite; save the tokenizer again"
              + " with transformers",
          path, CONFIG, prefixSpace, TOKENIZER);
    }
  }

  /**
   * The end of {@code PreTrainedTokenizerFast.__init__}: of bytes alone, and null changes nothing.
   */
  private void setPrefixSpace() {
    JsonNode preTokenizer = tokenizer.path("pre_tokenizer");
    JsonNode prefixSpace = settings.get("add_prefix_space");
    if (preTokenizer.path("type").asText().equals("ByteLevel") && !prefixSpace.isNull()) {
      ((ObjectNode) preTokenizer).put("add_prefix_space", settings.isOn("add_prefix_space", false));
    }
  }

  /** {@code __init__} of version 5's {@code LlamaTokenizer}. */
  private void rebuildLlama() {
    rebuildModel("LlamaTokenizer").put("fuse_unk", true).put("byte_fallback", true);
    tokenizer.putNull("normalizer");
    boolean legacy = !settings.get("legacy").isNull() && settings.isOn("legacy", false);
    boolean prefixSpace =
        settings.get("add_prefix_space").isNull() || settings.isOn("add_prefix_space", true);
    String scheme = legacy ? "always" : "first";
    tokenizer
        .putObject("pre_tokenizer")
        .put("type", "Metaspace")
        .put("replacement", "\u2581")
        .put("prepend_scheme", prefixSpace ? scheme : "never")
        .put("split", false);
  }

  /** Likewise of {@code GPT2Tokenizer}, which does not read null. */
  private void rebuildGpt2() {
    rebuildModel("GPT2Tokenizer");
    tokenizer.putNull("normalizer");
    byteLevel(tokenizer.putObject("pre_tokenizer"), settings.isOn("add_prefix_space", false), true);
  }

  /** Likewise of {@code Qwen2Tokenizer}. */
  private void rebuildQwen2() {
    rebuildModel("Qwen2Tokenizer");
    tokenizer.putObject("normalizer").put("type", "NFC");
    ArrayNode steps =
        tokenizer.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
    steps
        .addObject()
        .put("type", "Split")
        .put("behavior", "Isolated")
        .put("invert", false)
        .putObject("pattern")
        .put("Regex", QWEN2_WORDS);
    boolean prefixSpace =
        !settings.get("add_prefix_space").isNull() && settings.isOn("add_prefix_space", false);
    byteLevel(steps.addObject(), prefixSpace, false);
  }

  private static void byteLevel(ObjectNode step, boolean prefixSpace, boolean isOfWords) {
    step.put("type", "ByteLevel")
        .put("add_prefix_space", prefixSpace)
        .put("trim_offsets", true)
        .put("use_regex", isOfWords);
  }

  /** Of the file's model, the words. */
  private ObjectNode rebuildModel(String tokenizerClass) {
    JsonNode stored = tokenizer.path("model");
    if (!stored.path("type").asText("BPE").equals("BPE") || !stored.path("vocab").isObject()) {
      throw InputException.of(
          "%s/%s: model.type %s is not supported for a %s; supported: BPE",
          path, TOKENIZER, Shown.text(stored.path("type").toString()), tokenizerClass);
    }
    ObjectNode model = tokenizer.putObject("model").put("type", "BPE");
    for (String off : List.of("fuse_unk", "byte_fallback", "ignore_merges")) {
      model.put(off, false);
    }
    for (String none :
        List.of("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix")) {
      model.putNull(none);
    }
    model.set("vocab", stored.path("vocab"));
    model.set(
        "merges", stored.path("merges").isArray() ? stored.path("merges") : model.arrayNode());
    return model;
  }

  private boolean prependsSpace() {
    boolean normalizer = tokenizer.path("normalizer").findValuesAsText("type").contains("Prepend");
    JsonNode metaspace = tokenizer.path("pre_tokenizer");
    return normalizer
        || metaspace.findValuesAsText("prepend_scheme").stream()
            .anyMatch(scheme -> !scheme.equals("never"));
  }

  /** {@code LlamaTokenizerFast.update_post_processor}. */
  private void replacePostProcessor() {
    List<String> before = new ArrayList<>();
    List<String> after = new ArrayList<>();
    if (settings.isOn("add_bos_token", true)) {
      before.add(required("bos_token", "add_bos_token"));
    }
    if (settings.isOn("add_eos_token", false)) {
      after.add(required("eos_token", "add_eos_token"));
    }
    ObjectNode processor = tokenizer.putObject("post_processor").put("type", "TemplateProcessing");
    ArrayNode single = processor.putArray("single");
    ArrayNode pair = processor.putArray("pair");
    ObjectNode tokens = processor.putObject("special_tokens");
    for (ArrayNode template : List.of(single, pair)) {
      before.forEach(token -> special(template, tokens, token, 0));
      sequence(template, "A", 0);
      after.forEach(token -> special(template, tokens, token, 0));
    }
    before.forEach(token -> special(pair, tokens, token, 1));
    sequence(pair, "B", 1);
    after.forEach(token -> special(pair, tokens, token, 1));
  }

  private void special(ArrayNode template, ObjectNode tokens, String token, int type) {
    template.addObject().putObject("SpecialToken").put("id", token).put("type_id", type);
    ObjectNode entry = tokens.putObject(token).put("id", token);
    entry.putArray("ids").add(added.id(token).orElseThrow());
    entry.putArray("tokens").add(token);
  }

  private static void sequence(ArrayNode template, String id, int type) {
    template.addObject().putObject("Sequence").put("id", id).put("type_id", type);
  }

  private String required(String name, String reason) {
    return added
        .named(name)
        .orElseThrow(
            () ->
                InputException.of(
                    "%s/%s: %s needs %s, which is %s",
                    path, CONFIG, reason, name, settings.has(name) ? "null" : "not there"));
  }

  /**
   * The tokenizer as the tokenizers library reads it.
   *
   * @param maxLength in tokens, those counted that the post-processor adds; none leaves texts whole
   */
  String json(OptionalInt maxLength) {
    if (maxLength.isEmpty()) {
      tokenizer.putNull("truncation");
      return tokenizer.toString();
    }
    tokenizer
        .putObject("truncation")
        .put("direction", side.equals("left") ? "Left" : "Right")
        .put("max_length", maxLength.getAsInt())
        .put("strategy", "LongestFirst")
        .put("stride", 0);
    return tokenizer.toString();
  }

  /** Refuses to cut at the beginning, for prompts that are cut at the end. */
  void refuseLeft() {
    if (side.equals("left")) {
      throw InputException.of(
          "%s/%s: truncation_side \"left\" is not supported with this prompt; supported: \"right\"",
          path, CONFIG);
    }
  }

  /** Whether a token stands for what the vocabulary lacks. */
  boolean isUnknown(long id) {
    return added.named("unk_token").flatMap(added::id).filter(unknown -> unknown == id).isPresent();
  }

  /** The id that {@code --append-eos-token} appends. */
  int eosId() {
    return added.id(required("eos_token", "--append-eos-token")).orElseThrow();
  }

  /** The special tokens that have a name, such as {@code eos_token}: their texts. */
  Map<String, String> specialTokens() {
    Map<String, String> tokens = new TreeMap<>();
    for (String name : List.of("bos", "eos", "unk", "sep", "pad", "cls", "mask")) {
      added.named(name + "_token").ifPresent(text -> tokens.put(name + "_token", text));
    }
    return tokens;
  }

  /**
   * The padding token's id; 0 where the tokenizer has none, as Tevatron's {@code rerank.py} sets
   * it.
   */
  int padId() {
    return added.named("pad_token").flatMap(added::id).orElse(0);
  }
}
