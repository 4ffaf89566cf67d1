package dev.rankspark.prompt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** What a directory's tokenizer says beside how texts become tokens. */
public final class TokenizerTexts {
  private static final String TEMPLATE = "chat_template.jinja";

  private final ModelDirectory directory;
  private final JsonNode config;

  private TokenizerTexts(ModelDirectory directory) {
    this.directory = directory;
    this.config =
        directory.has(TokenizerSettings.FILE)
            ? directory.jsonObject(TokenizerSettings.FILE)
            : JsonNodeFactory.instance.objectNode();
  }

  /** Reads its configuration. */
  public static TokenizerTexts read(ModelDirectory directory) {
    return new TokenizerTexts(directory);
  }

  /** {@code model_max_length}, which may be as good as endless. */
  public int maxLength() {
    double length = config.path("model_max_length").asDouble(Integer.MAX_VALUE);
    return (int) Math.min(length, Integer.MAX_VALUE);
  }

  /** The file that {@link #chatTemplate} is from; {@code chat_template.jinja} wins. */
  public String chatTemplateFile() {
    return directory.has(TEMPLATE) ? TEMPLATE : TokenizerSettings.FILE;
  }

  /**
   * The source of the chat template.
   *
   * @throws InputException if there is none
   */
  public String chatTemplate() {
    if (directory.has(TEMPLATE)) {
      return new String(directory.read(TEMPLATE), StandardCharsets.UTF_8);
    }
    JsonNode stored = config.path("chat_template");
    JsonNode template = stored.isArray() ? defaultOf(stored) : stored;
    if (!template.isTextual()) {
      throw InputException.of(
          "%s has no chat template: neither %s nor chat_template in %s",
          directory.path(), TEMPLATE, TokenizerSettings.FILE);
    }
    return template.asText();
  }

  /** Of templates with names the one that transformers takes where none is asked for. */
  private static JsonNode defaultOf(JsonNode templates) {
    for (JsonNode named : templates) {
      if (named.path("name").asText().equals("default")) {
        return named.path("template");
      }
    }
    return MissingNode.getInstance();
  }

  /** The special tokens that are set, by names such as {@code eos_token}: a template sees them. */
  public Map<String, String> specialTokens() {
    return TokenizerFiles.read(directory).specialTokens();
  }
}
