package dev.rankspark.reranker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.rankspark.InputException;
import dev.rankspark.OptionException;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.checkpoint.TokenHead;
import dev.rankspark.files.Shown;
import dev.rankspark.prompt.PairPrompt;
import dev.rankspark.prompt.Prompt;
import dev.rankspark.prompt.TemplateRendering;
import dev.rankspark.prompt.TokenizerTexts;
import dev.rankspark.prompt.WholePrompt;
import dev.rankspark.reranker.RecipeOptions.Score;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A cross encoder as sentence-transformers 5.4 and later save it ({@code
 * docs/cross_encoder/usage/custom_models.rst}; read at 6.2): {@code modules.json} names its
 * modules, {@code 1_LogitScore/config.json} the words of its head, {@code
 * sentence_bert_config.json} whether it reads messages, which {@code chat_template.jinja} renders,
 * and {@code config_sentence_transformers.json} the prompts and what becomes of the score. What is
 * not understood is refused by its name.
 */
final class SentenceTransformersFiles {
  static final String MODULES = "modules.json";
  private static final String SETTINGS = "config_sentence_transformers.json";
  private static final String TRANSFORMER = "sentence_bert_config.json";

  private static final List<String> TRANSFORMER_TYPES =
      List.of(
          "sentence_transformers.base.modules.transformer.Transformer",
          "sentence_transformers.base.models.Transformer",
          "sentence_transformers.models.Transformer");
  private static final String LOGIT_SCORE =
      "sentence_transformers.cross_encoder.modules.logit_score.LogitScore";

  private final ModelDirectory directory;
  private final ModelDirectory tokenizer;
  private final RecipeOptions options;
  private final int positions;

  /**
   * @param positions the model's {@code max_position_embeddings}
   */
  SentenceTransformersFiles(
      ModelDirectory directory, ModelDirectory tokenizer, RecipeOptions options, int positions) {
    this.directory = directory;
    this.tokenizer = tokenizer;
    this.options = options;
    this.positions = positions;
  }

  /** Whether a directory has them. */
  static boolean areIn(ModelDirectory directory) {
    return directory.has(MODULES);
  }

  /** The recipe that they say. */
  Recipe recipe() {
    Optional<JsonNode> logitScore = logitScore();
    JsonNode settings = object(SETTINGS);
    JsonNode transformer = object(TRANSFORMER);
    TokenHead head = logitScore.map(this::head).orElse(TokenHead.NONE);
    String instruction = options.instruction().orElseGet(() -> instruction(settings));
    boolean readsMessages = transformer.path("modality_config").has("message");
    int length =
        options.maxLength().orElse(Math.min(TokenizerTexts.read(tokenizer).maxLength(), positions));
    Prompt prompt =
        readsMessages
            ? messages(transformer, instruction, length)
            : new PairPrompt(instruction, length);
    if (!readsMessages && head.isPresent()) {
      throw InputException.of(
          "%s/%s: modality_config has no message: a causal model without its chat template is not"
              + " supported",
          directory.path(), TRANSFORMER);
    }
    Activation activation = activation(settings);
    return new Recipe(
        prompt,
        head,
        options.score() == Score.PUBLISHED ? activation : Activation.IDENTITY,
        "sentence-transformers' files");
  }

  private JsonNode object(String name) {
    return directory.has(name) ? directory.jsonObject(name) : JsonNodeFactory.instance.objectNode();
  }

  /** The configuration of the module of that name, if there is one. */
  private Optional<JsonNode> logitScore() {
    Optional<JsonNode> found = Optional.empty();
    List<String> types = new ArrayList<>();
    for (JsonNode module : directory.json(MODULES)) {
      String type = module.path("type").asText();
      types.add(type);
      if (type.equals(LOGIT_SCORE)) {
        found = Optional.of(directory.jsonObject(folder(module) + "/config.json"));
      }
    }
    boolean isOurs =
        !types.isEmpty()
            && TRANSFORMER_TYPES.contains(types.get(0))
            && types.size() == (found.isPresent() ? 2 : 1);
    if (!isOurs) {
      throw InputException.of(
          "%s/%s: the modules %s are not supported; supported: Transformer, or Transformer and"
              + " LogitScore; --prompt names a prompt in their place",
          directory.path(), MODULES, Shown.text(types.toString()));
    }
    return found;
  }

  private String folder(JsonNode module) {
    String folder = module.path("path").asText();
    if (!folder.matches("\\w[\\w.-]*")) {
      throw InputException.of(
          "%s/%s: path: expected a folder in this directory, got %s",
          directory.path(), MODULES, Shown.text(module.path("path").toString()));
    }
    return folder;
  }

  private TokenHead head(JsonNode config) {
    JsonNode trueId = config.path("true_token_id");
    JsonNode falseId = config.path("false_token_id");
    boolean isRight =
        trueId.isInt()
            && (falseId.isInt() || falseId.isNull() || falseId.isMissingNode())
            && config.path("module_input_name").asText("causal_logits").equals("causal_logits");
    if (!isRight) {
      throw InputException.of(
          "%s: LogitScore %s is not supported; supported: true_token_id, false_token_id,"
              + " module_input_name \"causal_logits\"",
          directory.path(), Shown.text(config.toString()));
    }
    return new TokenHead(
        trueId.intValue(), falseId.isInt() ? falseId.intValue() : TokenHead.NO_TOKEN);
  }

  /** The default prompt's text; empty for none. */
  private static String instruction(JsonNode settings) {
    String name = settings.path("default_prompt_name").asText("");
    return settings.path("prompts").path(name).asText("");
  }

  private Activation activation(JsonNode settings) {
    String name = settings.path("activation_fn").asText("").replaceFirst(".*\\.", "");
    return switch (name) {
      case "Identity" -> Activation.IDENTITY;
      case "", "Sigmoid" -> Activation.SIGMOID; // CrossEncoder's own for one label
      default ->
          throw InputException.of(
              "%s/%s: activation_fn %s is not supported; supported: Identity, Sigmoid",
              directory.path(), SETTINGS, Shown.text(settings.path("activation_fn").asText()));
    };
  }

  private Prompt messages(JsonNode transformer, String instruction, int length) {
    String format =
        transformer.path("modality_config").path("message").path("format").asText("flat");
    if (!format.equals("flat")) {
      throw InputException.of(
          "%s/%s: messages of the format \"%s\" are not supported; supported: flat",
          directory.path(), TRANSFORMER, Shown.text(format));
    }
    TokenizerTexts texts = TokenizerTexts.read(tokenizer);
    Map<String, Serializable> variables = new TreeMap<>(texts.specialTokens());
    JsonNode given = transformer.path("processing_kwargs").path("chat_template");
    given
        .fields()
        .forEachRemaining(
            field -> variables.put(field.getKey(), value(field.getKey(), field.getValue())));
    WholePrompt prompt =
        new WholePrompt(
            new TemplateRendering(
                texts.chatTemplate(),
                tokenizer.path() + "/" + texts.chatTemplateFile(),
                instruction,
                variables),
            /* addSpecialTokens= */ false,
            length);
    checkInstruction(prompt);
    return prompt;
  }

  private Serializable value(String name, JsonNode value) {
    if (value.isBoolean() && !name.equals("restore_suffix")) {
      return value.booleanValue();
    }
    if (value.isTextual() && !name.equals("chat_template")) {
      return value.asText();
    }
    throw InputException.of(
        "%s/%s: processing_kwargs of chat_template: %s %s is not supported",
        directory.path(), TRANSFORMER, Shown.text(name), Shown.text(value.toString()));
  }

  /** Refuses an instruction that the template does not read. */
  private void checkInstruction(WholePrompt prompt) {
    if (options.instruction().isPresent()
        && !prompt.rendering().render("q", "d").contains(options.instruction().get())) {
      throw OptionException.of("--instruction: the chat template of %s has none", directory.path());
    }
  }
}
