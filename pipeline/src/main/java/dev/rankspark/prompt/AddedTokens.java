package dev.rankspark.prompt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.files.Shown;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.StreamSupport;

/**
 * What transformers makes of the tokens that {@code tokenizer.json}, {@code tokenizer_config.json},
 * {@code special_tokens_map.json} and {@code added_tokens.json} name, where they agree and where
 * they do not ({@code _from_pretrained} of the base class and {@code __init__} of the fast one, in
 * 4.49 and 5.24): which are looked for in the text, and how. The tokenizers library takes them one
 * after the other: of one text the last counts, its id is the vocabulary's or the next free one.
 */
final class AddedTokens {
  static final String KEY = "added_tokens";
  private static final String DECODER = "added_tokens_decoder";
  private static final String FILE = "added_tokens.json";
  private static final String ADDITIONAL = TokenizerSettings.ADDITIONAL;
  private static final String EXTRA = TokenizerSettings.EXTRA;

  private static final List<String> NAMED =
      List.of(
          "bos_token",
          "eos_token",
          "unk_token",
          "sep_token",
          "pad_token",
          "cls_token",
          "mask_token");

  /** Those of which {@code Qwen2TokenizerFast} of version 4 makes tokens where they are texts. */
  private static final Set<String> OF_QWEN2 =
      Set.of("bos_token", "eos_token", "unk_token", "pad_token");

  private static final List<String> FLAGS =
      List.of("single_word", "lstrip", "rstrip", "normalized", "special");

  /** The tokenizers library takes a time quadratic in a special token's length. */
  private static final int LONGEST_SPECIAL = 1_000;

  private final String path;
  private final TokenizerSettings settings;
  private final ObjectNode tokenizer;
  private final Map<String, Integer> vocabulary;
  private final Map<String, String> named = new LinkedHashMap<>();
  private final Set<String> unnamed = new HashSet<>();
  private final Map<String, AddedToken> tokens = new LinkedHashMap<>();
  private final Map<String, Integer> ids = new HashMap<>();
  private int highest = -1;

  private AddedTokens(String path, TokenizerSettings settings, ObjectNode tokenizer) {
    this.path = path;
    this.settings = settings;
    this.tokenizer = tokenizer;
    this.vocabulary = vocabulary(tokenizer.path("model").path("vocab"));
  }

  /** An object from piece to id or, of a Unigram, a list of pieces with their scores. */
  private static Map<String, Integer> vocabulary(JsonNode stored) {
    Map<String, Integer> vocabulary = new HashMap<>();
    if (stored.isArray()) {
      stored.forEach(piece -> vocabulary.put(piece.path(0).asText(), vocabulary.size()));
    } else {
      stored
          .fields()
          .forEachRemaining(piece -> vocabulary.put(piece.getKey(), piece.getValue().asInt()));
    }
    return vocabulary;
  }

  /**
   * Completes {@code added_tokens} of a {@code tokenizer.json}.
   *
   * @param tokenizer changed
   */
  static AddedTokens complete(
      ModelDirectory directory, TokenizerSettings settings, ObjectNode tokenizer) {
    AddedTokens added = new AddedTokens(directory.path(), settings, tokenizer);
    added.complete(directory);
    return added;
  }

  /** The text of a special token such as {@code bos_token}, if there is one. */
  Optional<String> named(String name) {
    return Optional.ofNullable(named.get(name));
  }

  /** The id of a token, if the vocabulary or the added tokens have it. */
  Optional<Integer> id(String content) {
    Integer id = ids.get(content);
    return id == null ? ofVocabulary(content) : Optional.of(id);
  }

  private void complete(ModelDirectory directory) {
    List<JsonNode> stored = stored();
    ArrayNode list = tokenizer.putArray(KEY);
    Map<String, JsonNode> last = new LinkedHashMap<>();
    Map<String, AddedToken> byContent = new HashMap<>();
    SortedMap<Integer, AddedToken> decoder = decoder(directory, stored, byContent);
    if (!settings.reader().isRebuilt()) {
      for (JsonNode token : stored) { // as they are: the library has the last word on them
        list.add(token);
        last.put(token.path("content").asText(), token);
        take(AddedToken.of(token));
      }
    }
    List<AddedToken> toAdd = new ArrayList<>();
    for (AddedToken token : decoder.values()) {
      if (!token.equals(tokens.get(token.content()))) {
        toAdd.add(token);
      }
    }
    addSpecials(byContent, toAdd);
    for (AddedToken token : toAdd) {
      boolean isSpecial =
          named.containsValue(token.content())
              || (!settings.reader().isOf5() && unnamed.contains(token.content()));
      AddedToken added = isSpecial ? token.asSpecial() : token;
      if (take(added)) {
        ObjectNode json = added.json(ids.get(added.content()));
        list.add(json);
        last.put(added.content(), json);
      }
    }
    if (settings.reader().isOf5()) {
      // Its library forgets the attributes that a token had before, ours only those of some.
      list.removeAll().addAll(last.values());
    }
    for (String content : tokens.keySet()) {
      if (content.length() > LONGEST_SPECIAL) {
        throw InputException.of(
            "%s: the special token %s has %d characters, expected at most %d",
            path, Shown.text(content), content.length(), LONGEST_SPECIAL);
      }
    }
  }

  /** The list of {@code tokenizer.json}. */
  private List<JsonNode> stored() {
    JsonNode list = tokenizer.path(KEY);
    if (!list.isMissingNode() && !list.isNull() && !list.isArray()) {
      throw InputException.of(
          "%s/tokenizer.json: expected a list as added_tokens, got %s",
          path, Shown.text(list.toString()));
    }
    List<JsonNode> stored = new ArrayList<>();
    list.forEach(stored::add);
    return stored;
  }

  /**
   * By id: those of the configuration or, where it has none, of older files.
   *
   * @param byContent filled: those that count more than what a named token says of itself
   */
  private SortedMap<Integer, AddedToken> decoder(
      ModelDirectory directory, List<JsonNode> stored, Map<String, AddedToken> byContent) {
    SortedMap<Integer, AddedToken> decoder = new TreeMap<>();
    if (settings.has(DECODER)) {
      settings.expect("an object", DECODER, JsonNode::isObject);
      settings
          .get(DECODER)
          .fields()
          .forEachRemaining(
              token -> {
                if (!token.getValue().isObject()) {
                  throw InputException.of(
                      "%s/%s: expected objects as %s, got %s",
                      path,
                      TokenizerSettings.FILE,
                      DECODER,
                      Shown.text(token.getValue().toString()));
                }
                AddedToken parsed = parsed(token.getValue());
                decoder.put(number(token.getKey()), parsed);
                byContent.put(parsed.content(), parsed);
              });
      return decoder;
    }
    if (directory.has(FILE)) {
      directory
          .jsonObject(FILE)
          .fields()
          .forEachRemaining(
              token -> {
                if (!token.getValue().isInt() || token.getKey().isEmpty()) {
                  throw InputException.of(
                      "%s/%s: expected texts with their ids, got \"%s\": %s",
                      path,
                      FILE,
                      Shown.text(token.getKey()),
                      Shown.text(token.getValue().toString()));
                }
                boolean special = isSpecial(token.getKey());
                AddedToken older =
                    new AddedToken(token.getKey(), false, false, false, !special, special);
                decoder.put(token.getValue().intValue(), older);
                if (settings.reader().isOf5()) { // version 4 puts it under the text "None"
                  byContent.put(older.content(), older);
                }
              });
    }
    for (JsonNode token : stored) {
      AddedToken parsed = AddedToken.of(token);
      decoder.put(token.path("id").asInt(), parsed);
      byContent.put(parsed.content(), parsed);
    }
    return decoder;
  }

  /** Whether the files name it; what a class has by itself does not count here. */
  private boolean isSpecial(String content) {
    return NAMED.stream()
            .anyMatch(name -> contentOf(settings.get(name)).equals(Optional.of(content)))
        || StreamSupport.stream(nameless().spliterator(), false)
            .anyMatch(token -> contentOf(token).equals(Optional.of(content)));
  }

  /** As {@code str(token)}: the configuration's objects are not tokens yet, the map's are. */
  private static Optional<String> contentOf(JsonNode token) {
    JsonNode content = token.isObject() && !token.has("__type") ? token.path("content") : token;
    return content.isTextual() ? Optional.of(content.textValue()) : Optional.empty();
  }

  /**
   * A special token as it is written.
   *
   * @param isOfFiles whether the files name it, not a class
   * @param isToken whether the class makes a token of it if it is a text
   */
  private record Special(JsonNode written, boolean isOfFiles, boolean isToken) {}

  /** The named special tokens and the nameless ones. */
  private List<Special> specials() {
    List<Special> specials = new ArrayList<>();
    NAMED.forEach(name -> name(name, value(name), specials));
    boolean isOf5 = settings.reader().isOf5();
    String named5 = TokenizerSettings.MODEL_SPECIFIC;
    settings.expect("an object", isOf5 ? named5 : EXTRA, JsonNode::isObject);
    if (isOf5) {
      settings
          .config()
          .fields()
          .forEachRemaining(
              field -> {
                String key = field.getKey();
                if (key.endsWith("_token")
                    && !NAMED.contains(key)
                    && field.getValue().isTextual()) {
                  name(key, field.getValue(), specials);
                }
              });
    } else {
      nameless().forEach(token -> addNameless(token, specials));
    }
    settings
        .get(isOf5 ? named5 : EXTRA)
        .fields()
        .forEachRemaining(token -> name(token.getKey(), token.getValue(), specials));
    if (isOf5) {
      nameless().forEach(token -> addNameless(token, specials));
    }
    return specials;
  }

  private void addNameless(JsonNode token, List<Special> specials) {
    unnamed.add(content(token));
    specials.add(new Special(token, /* isOfFiles= */ true, /* isToken= */ false));
  }

  /** The special tokens without a name. */
  private JsonNode nameless() {
    String key = settings.reader().isOf5() ? EXTRA : ADDITIONAL;
    settings.expect("a list", key, value -> value.isArray() || value.isNull());
    return settings.get(key);
  }

  private void name(String name, JsonNode value, List<Special> specials) {
    if (!value.isMissingNode() && !value.isNull()) {
      String content = content(value);
      named.put(name, content);
      boolean isToken =
          settings.reader() == TokenizerSettings.Reader.QWEN2_4 && OF_QWEN2.contains(name);
      specials.add(new Special(value, settings.reader().isOf5() || settings.has(name), isToken));
    }
  }

  /** A named token as it is written, or what transformers has where it is not. */
  private JsonNode value(String name) {
    if (settings.has(name)) {
      return settings.get(name);
    }
    Optional<String> otherwise = settings.reader().otherwise(name);
    if (otherwise.isPresent()) {
      return settings.config().textNode(otherwise.get());
    }
    return name.equals("pad_token") && settings.reader() != TokenizerSettings.Reader.GPT2_5
        ? tokenizer.path("padding").path("pad_token")
        : tokenizer.path("none");
  }

  /** Of tokens that are named twice version 4 takes the first, version 5 in the end the last. */
  private void addSpecials(Map<String, AddedToken> byContent, List<AddedToken> toAdd) {
    Set<String> known = new HashSet<>(tokens.keySet());
    toAdd.forEach(token -> known.add(token.content()));
    Set<String> seen = new HashSet<>();
    Set<String> texts = new HashSet<>();
    List<Special> specials = specials();
    for (Special special : specials) {
      String content = content(special.written());
      boolean isNamed = named.containsValue(content);
      AddedToken attributes = isNamed && special.isOfFiles() ? byContent.get(content) : null;
      if (attributes == null && special.written().isObject()) {
        attributes = parsed(special.written());
      }
      if (attributes == null && special.isToken()) {
        attributes = AddedToken.special(content);
      }
      boolean isAgain = isNamed && !seen.add(content);
      if (settings.reader().isOf5() ? known.contains(content) : isAgain) {
        continue;
      }
      if (attributes == null) {
        boolean isNew = settings.reader().isOf5() ? texts.add(content) : !known.contains(content);
        if (isNew) {
          toAdd.add(AddedToken.special(content));
        }
      } else if (!toAdd.contains(attributes)) {
        toAdd.add(attributes); // version 4 though it is there: its attributes may have changed
      }
    }
    if (settings.reader() == TokenizerSettings.Reader.QWEN2_5) {
      specials.forEach(special -> toAdd.add(AddedToken.special(content(special.written()))));
    }
  }

  /** What the library does with one more token: whether it changes anything. */
  private boolean take(AddedToken token) {
    if (token.content().isEmpty() || token.equals(tokens.get(token.content()))) {
      return false;
    }
    tokens.put(token.content(), token);
    if (!ids.containsKey(token.content())) {
      int size = vocabulary.size();
      int id =
          ofVocabulary(token.content()).orElse(highest < 0 || highest < size ? size : highest + 1);
      ids.put(token.content(), id);
      highest = Math.max(highest, id);
    }
    return true;
  }

  private Optional<Integer> ofVocabulary(String content) {
    return Optional.ofNullable(vocabulary.get(content));
  }

  private int number(String key) {
    try {
      return Integer.parseInt(key);
    } catch (NumberFormatException e) {
      throw InputException.of(
          "%s/%s: %s: expected token ids as keys, got \"%s\"",
          path, TokenizerSettings.FILE, DECODER, Shown.text(key));
    }
  }

  private AddedToken parsed(JsonNode token) {
    content(token);
    for (String flag : FLAGS) {
      if (token.has(flag) && !token.get(flag).isBoolean()) {
        throw InputException.of(
            "%s/%s: expected true or false as %s of a special token, got %s",
            path, TokenizerSettings.FILE, flag, Shown.text(token.toString()));
      }
    }
    return AddedToken.of(token);
  }

  private String content(JsonNode token) {
    JsonNode content = token.isObject() ? token.path("content") : token;
    if (!content.isTextual() || content.textValue().isEmpty()) {
      throw InputException.of(
          "%s/%s: expected a text as special token, got %s",
          path, TokenizerSettings.FILE, Shown.text(token.toString()));
    }
    return content.textValue();
  }
}
