package dev.rankspark.reranker;

import com.fasterxml.jackson.databind.JsonNode;
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
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

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

  private static final String MAX_LENGTH = "max_seq_length";
  private static final String PROCESSING = "processing_kwargs";

  /** Of {@value #TRANSFORMER}: what is read, or has no effect on a score. */
  private static final List<String> READ =
      List.of(
          "transformer_task",
          "modality_config",
          "module_output_name",
          PROCESSING,
          "unpad_inputs",
          MAX_LENGTH);

  /** Arguments of {@code apply_chat_template}, which do more than a template sees. */
  private static final Set<String> NO_VARIABLES =
      Set.of(
          "chat_template",
          "restore_suffix",
          "padding",
          "truncation",
          "max_length",
          "return_tensors",
          "tokenize",
          "continue_final_message",
          "messages");

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
  private final Optional<TokenHead> given;
  private final int positions;

  /**
   * @param given the words that the options name, in place of the files'
   * @param positions the model's {@code max_position_embeddings}
   */
  SentenceTransformersFiles(
      ModelDirectory directory,
      ModelDirectory tokenizer,
      RecipeOptions options,
      Optional<TokenHead> given,
      int positions) {
    this.directory = directory;
    this.tokenizer = tokenizer;
    this.options = options;
    this.given = given;
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
    refuseOthers(settings);
    refuseUnsupported(transformer);
    checkTask(transformer, logitScore.isPresent());
    TokenHead head = given.or(() -> logitScore.map(this::head)).orElse(TokenHead.NONE);
    String instruction = options.instruction().orElseGet(() -> instruction(settings));
    boolean readsMessages = transformer.path("modality_config").has("message");
    int length = options.maxLength().orElse(length(transformer));
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
        "prompt and head by sentence-transformers' files",
        false);
  }

  private JsonNode object(String name) {
    if (!directory.has(name)) {
      throw InputException.of(
          "%s has %s and no %s, without which sentence-transformers reads it otherwise; --prompt"
              + " names a prompt in the place of these files",
          directory.path(), MODULES, name);
    }
    return directory.jsonObject(name);
  }

  /** Of a model of another kind sentence-transformers makes modules of its own. */
  private void refuseOthers(JsonNode settings) {
    JsonNode type = settings.path("model_type");
    if (settings.hasNonNull("model_type") && !type.asText().equals("CrossEncoder")) {
      throw InputException.of(
          "%s/%s: model_type %s is not supported; supported: CrossEncoder",
          directory.path(), SETTINGS, Shown.text(type.toString()));
    }
    JsonNode name = settings.path("default_prompt_name");
    if (settings.hasNonNull("default_prompt_name")
        && !settings.path("prompts").has(name.asText())) {
      throw InputException.of(
          "%s/%s: default_prompt_name %s is none of its prompts",
          directory.path(), SETTINGS, Shown.text(name.toString()));
    }
  }

  private void checkTask(JsonNode transformer, boolean hasWords) {
    String task = hasWords ? "text-generation" : "sequence-classification";
    if (transformer.hasNonNull("transformer_task")
        && !transformer.get("transformer_task").asText().equals(task)) {
      throw unsupported("transformer_task", transformer.get("transformer_task"));
    }
  }

  /** A length of its own is not bounded by the model's positions. */
  private int length(JsonNode transformer) {
    return transformer.hasNonNull(MAX_LENGTH)
        ? transformer.get(MAX_LENGTH).asInt()
        : Math.min(TokenizerTexts.read(tokenizer).maxLength(), positions);
  }

  /** What else would change tokens or weights, unless it says nothing. */
  private void refuseUnsupported(JsonNode transformer) {
    refuse(transformer, READ, "");
    refuse(transformer.path(PROCESSING), List.of("chat_template"), PROCESSING + ": ");
    JsonNode length = transformer.path(MAX_LENGTH);
    if (transformer.hasNonNull(MAX_LENGTH) && (!length.isInt() || length.intValue() < 1)) {
      throw unsupported(MAX_LENGTH, length);
    }
  }

  private void refuse(JsonNode object, List<String> read, String where) {
    object
        .fields()
        .forEachRemaining(
            field -> {
              JsonNode value = field.getValue();
              boolean saysNothing =
                  value.isNull()
                      || (value.isBoolean() && !value.booleanValue())
                      || (value.isContainerNode() && value.isEmpty());
              if (!read.contains(field.getKey()) && !saysNothing) {
                throw unsupported(where + field.getKey(), value);
              }
            });
  }

  private InputException unsupported(String key, JsonNode value) {
    return InputException.of(
        "%s/%s: %s %s is not supported; --prompt names a prompt in the place of these files",
        directory.path(), TRANSFORMER, Shown.text(key), Shown.text(value.toString()));
  }

  /** The configuration of the module of that name, if there is one. */
  private Optional<JsonNode> logitScore() {
    Optional<JsonNode> found = Optional.empty();
    List<String> types = new ArrayList<>();
    for (JsonNode module : directory.json(MODULES)) {
      String type = module.path("type").asText();
      types.add(type);
      if (TRANSFORMER_TYPES.contains(type) && !module.path("path").asText().isEmpty()) {
        throw InputException.of(
            "%s/%s: the path %s of Transformer is not supported; supported: this directory",
            directory.path(), MODULES, Shown.text(module.path("path").toString()));
      }
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
        isToken(trueId)
            && (isToken(falseId) || falseId.isNull() || falseId.isMissingNode())
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

  private static boolean isToken(JsonNode id) {
    return id.isInt() && id.intValue() >= 0;
  }

  /** The default prompt's text; empty for none. */
  private static String instruction(JsonNode settings) {
    return settings.hasNonNull("default_prompt_name")
        ? settings.path("prompts").path(settings.get("default_prompt_name").asText()).asText("")
        : "";
  }

  /** Its own, or what older versions keep in the model's configuration. */
  private Activation activation(JsonNode settings) {
    JsonNode config = directory.jsonObject("config.json");
    String name =
        Stream.of(
                settings.path("activation_fn"),
                config.path("sentence_transformers").path("activation_fn"),
                config.path("sbert_ce_default_activation_function"))
            .map(JsonNode::asText)
            .filter(text -> !text.isEmpty() && !text.equals("null"))
            .findFirst()
            .orElse("");
    return switch (name.replaceFirst("^torch\\.nn\\.(modules\\.\\w+\\.)?", "")) {
      case "Identity" -> Activation.IDENTITY;
      case "", "Sigmoid" -> Activation.SIGMOID; // CrossEncoder's own for one label
      default ->
          throw InputException.of(
              "%s/%s: activation_fn %s is not supported; supported: Identity, Sigmoid",
              directory.path(), SETTINGS, Shown.text(name));
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
    transformer
        .path(PROCESSING)
        .path("chat_template")
        .fields()
        .forEachRemaining(
            field -> {
              if (!isDefault(field.getKey(), field.getValue())) {
                variables.put(field.getKey(), value(field.getKey(), field.getValue()));
              }
            });
    String source = texts.chatTemplate();
    String file = tokenizer.path() + "/" + texts.chatTemplateFile();
    TemplateRendering rendering = new TemplateRendering(source, file, instruction, variables);
    checkRoles(rendering, file);
    if (options.instruction().isPresent()) {
      checkInstruction(
          rendering, new TemplateRendering(source, file, instruction + "x", variables));
    }
    return new WholePrompt(rendering, /* addSpecialTokens= */ false, length);
  }

  /** What sentence-transformers does anyway. */
  private static boolean isDefault(String name, JsonNode value) {
    return name.equals("restore_suffix") && value.isBoolean() && value.booleanValue();
  }

  private Serializable value(String name, JsonNode value) {
    if (!NO_VARIABLES.contains(name)) {
      if (value.isBoolean()) {
        return value.booleanValue();
      }
      if (value.isTextual()) {
        return value.asText();
      }
    }
    throw unsupported(PROCESSING + ": chat_template: " + name, value);
  }

  /** By a template that leaves one out, all queries or all documents would have one score. */
  private static void checkRoles(TemplateRendering rendering, String file) {
    String text = rendering.render("0", "0");
    String role = rendering.render("1 2 3 4", "0").equals(text) ? "query" : "document";
    if (role.equals("query") || rendering.render("0", "1 2 3 4").equals(text)) {
      throw InputException.of(
          "%s: this chat template does not render the message of role %s: it is not of a reranker;"
              + " --prompt names a prompt in its place",
          file, role);
    }
  }

  /** Refuses an instruction that the template does not read. */
  private void checkInstruction(TemplateRendering rendering, TemplateRendering ofAnother) {
    if (rendering.render("q", "d").equals(ofAnother.render("q", "d"))) {
      throw OptionException.of("--instruction: the chat template of %s has none", directory.path());
    }
  }
}
