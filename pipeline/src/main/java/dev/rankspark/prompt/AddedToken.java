package dev.rankspark.prompt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A token that is looked for in the text before it is tokenized, as the tokenizers library has it.
 *
 * @param content what it is in the text, not empty
 * @param singleWord whether it counts only where no letter is beside it
 * @param lstrip whether white space before it is part of it
 * @param rstrip whether white space behind it is part of it
 * @param normalized whether it is looked for in the normalized text
 * @param special without effect on ids
 */
record AddedToken(
    String content,
    boolean singleWord,
    boolean lstrip,
    boolean rstrip,
    boolean normalized,
    boolean special) {

  /** A special token of which only the text is known. */
  static AddedToken special(String content) {
    return new AddedToken(content, false, false, false, /* normalized= */ false, true);
  }

  /** As Python's {@code AddedToken(**token)}; a key that is absent has its default. */
  static AddedToken of(JsonNode token) {
    boolean special = token.path("special").asBoolean(false);
    return new AddedToken(
        token.path("content").asText(),
        token.path("single_word").asBoolean(false),
        token.path("lstrip").asBoolean(false),
        token.path("rstrip").asBoolean(false),
        token.path("normalized").asBoolean(!special),
        special);
  }

  AddedToken asSpecial() {
    return new AddedToken(content, singleWord, lstrip, rstrip, normalized, true);
  }

  /** An element of {@code added_tokens} in {@code tokenizer.json}. */
  ObjectNode json(int id) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", id)
        .put("content", content)
        .put("single_word", singleWord)
        .put("lstrip", lstrip)
        .put("rstrip", rstrip)
        .put("normalized", normalized)
        .put("special", special);
  }
}
