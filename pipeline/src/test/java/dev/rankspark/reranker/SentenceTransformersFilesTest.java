package dev.rankspark.reranker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import dev.rankspark.checkpoint.TokenHead;
import dev.rankspark.prompt.ByteTokenizer;
import dev.rankspark.prompt.PairEncoder;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.reranker.RecipeOptions.Score;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the files of sentence-transformers say, each thing that they may say and each refused. */
class SentenceTransformersFilesTest {
  private static final String TRANSFORMER = "sentence_bert_config.json";
  private static final String SETTINGS = "config_sentence_transformers.json";
  private static final String HEAD = "1_LogitScore/config.json";
  private static final String TEMPLATE = "chat_template.jinja";

  @TempDir private Path folder;
  private Path model;

  @BeforeEach
  void write() throws IOException {
    model = SmallModels.withSentenceTransformers(SmallModels.causal(folder.resolve("model")));
  }

  @Test
  void theySayPromptWordsAndScore() throws IOException {
    assertThat(text()).isEqualTo("<system>judge<query>q<document>d<|im_end|>");
    assertThat(open().head()).isEqualTo(new TokenHead(ByteTokenizer.YES, ByteTokenizer.NO));
    assertThat(open().activation()).isEqualTo(Activation.IDENTITY);
    set(HEAD, "false_token_id", "null");
    assertThat(open().head()).isEqualTo(new TokenHead(ByteTokenizer.YES, TokenHead.NO_TOKEN));
    set(SETTINGS, "default_prompt_name", "null");
    assertThat(text()).isEqualTo("<query>q<document>d<|im_end|>");
    set(SETTINGS, "prompts", "{\"\": \"judge\"}");
    assertThat(text()).as("its name is empty").isEqualTo("<query>q<document>d<|im_end|>");
  }

  @ParameterizedTest
  @CsvSource({
    "torch.nn.modules.linear.Identity, IDENTITY",
    "torch.nn.Identity, IDENTITY",
    "torch.nn.modules.activation.Sigmoid, SIGMOID",
    ", SIGMOID"
  })
  void theActivationIsThePublishedScores(String name, Activation activation) throws IOException {
    set(SETTINGS, "activation_fn", name == null ? "null" : "\"" + name + "\"");
    assertThat(open().activation()).isEqualTo(Activation.IDENTITY);
    assertThat(open(Score.PUBLISHED).activation()).isEqualTo(activation);
  }

  /** Where older versions keep it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          sentence_transformers | {"activation_fn": "torch.nn.modules.linear.Identity"}
          sbert_ce_default_activation_function | "torch.nn.modules.linear.Identity"
          """)
  void theActivationMayBeTheConfigurations(String key, String value) throws IOException {
    set("config.json", key, value);
    set(SETTINGS, "activation_fn", "null");
    assertThat(open(Score.PUBLISHED).activation()).isEqualTo(Activation.IDENTITY);
    set(SETTINGS, "activation_fn", "\"torch.nn.Sigmoid\"");
    assertThat(open(Score.PUBLISHED).activation()).isEqualTo(Activation.SIGMOID);
  }

  @Test
  void ofTemplatesWithNamesTheDefaultIsTaken() throws IOException {
    Files.delete(model.resolve(TEMPLATE));
    SmallModels.set(
        model.resolve("tokenizer_config.json"),
        "chat_template",
        """
        [{"name": "tool_use", "template": "tools"},
         {"name": "default", "template": "{{ messages[-2].content }}{{ messages[-1].content }}"}]
        """);
    assertThat(text()).isEqualTo("qd");
  }

  /** From these sentence-transformers reads another model, or none. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          config_sentence_transformers.json | model_type | "SentenceTransformer"
          config_sentence_transformers.json | default_prompt_name | "passage"
          sentence_bert_config.json | max_seq_length | 0
          sentence_bert_config.json | transformer_task | "feature-extraction"
          sentence_bert_config.json | transformer_task | "sequence-classification"
          """)
  void whatMakesAnotherModel(String file, String key, String value) throws IOException {
    set(file, key, value);
    assertRefused(file + ": " + key + " " + value);
  }

  @ParameterizedTest
  @ValueSource(strings = {SETTINGS, TRANSFORMER})
  void filesThatAreMissing(String file) throws IOException {
    Files.delete(model.resolve(file));
    assertRefused("has modules.json and no " + file);
  }

  @Test
  void aTransformerInAFolderOfItsOwn() throws IOException {
    Path modules = model.resolve("modules.json");
    Files.writeString(
        modules,
        Files.readString(modules).replace("\"path\": \"\"", "\"path\": \"0_Transformer\""));
    assertRefused("modules.json: the path \"0_Transformer\" of Transformer is not supported");
  }

  /** The class of a tokenizer has special tokens that its files need not name. */
  @Test
  void aTemplateSeesTheSpecialTokensOfTheTokenizersClass() throws IOException {
    template("{{ messages[-2].content }}{{ messages[-1].content }}{{ eos_token }}{{ pad_token }}");
    SmallModels.set(
        model.resolve("tokenizer_config.json"), "tokenizer_class", "\"Qwen2Tokenizer\"");
    SmallModels.remove(model.resolve("tokenizer_config.json"), "eos_token");
    SmallModels.remove(model.resolve("tokenizer_config.json"), "pad_token");
    assertThat(text()).isEqualTo("qd<|endoftext|><|endoftext|>");
  }

  @Test
  void aTemplateSeesVariablesOfTheFilesAndSpecialTokens() throws IOException {
    template(
        "{{ messages[-2].content }}{{ messages[-1].content }}{% if add_generation_prompt %}>{% endif %}{{ x }}{{ eos_token }}");
    assertThat(text()).isEqualTo("qd<|im_end|>");
    set(
        TRANSFORMER,
        "processing_kwargs",
        """
        {"chat_template": {"add_generation_prompt": true, "x": "y", "restore_suffix": true},
         "text": {}}
        """);
    assertThat(text()).isEqualTo("qd>y<|im_end|>");
  }

  @Test
  void theTemplateOfItsOwnFileCountsMore() throws IOException {
    set("tokenizer_config.json", "chat_template", "\"{{ messages }}!\"");
    assertThat(text()).endsWith("<document>d<|im_end|>");
    Files.delete(model.resolve(TEMPLATE));
    assertThat(text()).endsWith("'content': 'd'}]!");
  }

  @Test
  void aLengthOfTheTransformersCountsMoreThanTheTokenizers() throws IOException {
    assertThat(open().prompt().maxLength()).isEqualTo(4_000);
    set(TRANSFORMER, "max_seq_length", "100");
    assertThat(open().prompt().maxLength()).isEqualTo(100);
    set(TRANSFORMER, "max_seq_length", "\"100\"");
    assertRefused("/sentence_bert_config.json: max_seq_length \"100\" is not supported");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          [] | the modules [] are not supported
          {} | the modules [] are not supported
          [{"type": "sentence_transformers.models.Pooling"}] | the modules [sentence_transformers.models.Pooling] are not supported
          [{"type": "sentence_transformers.models.Transformer"}, {"type": "my.Head", "path": "1"}] | the modules [sentence_transformers.models.Transformer, my.Head] are not supported
          [{"type": "my.Transformer"}] | the modules [my.Transformer] are not supported; supported: Transformer, or Transformer and LogitScore; --prompt names a prompt in their place
          """)
  void otherModules(String modules, String message) throws IOException {
    Files.writeString(model.resolve("modules.json"), modules);
    assertRefused("/modules.json: " + message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"..", "../other", "/etc", "a/../..", "", ".", "1_LogitScore/.."})
  void aPathThatLeavesTheFolder(String path) throws IOException {
    Path modules = model.resolve("modules.json");
    Files.writeString(
        modules, Files.readString(modules).replace("\"1_LogitScore\"", "\"" + path + "\""));
    assertRefused("/modules.json: path: expected a folder in this directory, got \"" + path + "\"");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          true_token_id | -1
          true_token_id | null
          true_token_id | "yes"
          true_token_id | 1.5
          false_token_id | -1
          false_token_id | [1]
          module_input_name | "scores"
          """)
  void otherHeads(String key, String value) throws IOException {
    set(HEAD, key, value);
    assertRefused("LogitScore {\"true_token_id\":");
  }

  @Test
  void aWordBeyondTheVocabulary() throws IOException {
    set(HEAD, "true_token_id", "9693");
    assertRefused("token 9693 has no row in lm_head.weight (float32 [266, 4]) of ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "torch.nn.modules.activation.Tanh",
        "mine.Sigmoid",
        "Identities",
        "torch.nn.a.b.Identity"
      })
  void otherActivations(String name) throws IOException {
    set(SETTINGS, "activation_fn", "\"" + name + "\"");
    assertRefused(
        "/config_sentence_transformers.json: activation_fn "
            + name
            + " is not supported; supported: Identity, Sigmoid");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          do_lower_case | true | do_lower_case true
          query_length | 32 | query_length 32
          document_length | 0 | document_length 0
          model_args | {"revision": "x"} | model_args {"revision":"x"}
          processing_kwargs | {"text": {"max_length": 256}} | processing_kwargs: text {"max_length":256}
          processing_kwargs | {"common": {"truncation": false}} | processing_kwargs: common {"truncation":false}
          processing_kwargs | {"chat_template": {"restore_suffix": false}} | processing_kwargs: chat_template: restore_suffix false
          processing_kwargs | {"chat_template": {"chat_template": "rag"}} | processing_kwargs: chat_template: chat_template "rag"
          processing_kwargs | {"chat_template": {"max_length": 9}} | processing_kwargs: chat_template: max_length 9
          processing_kwargs | {"chat_template": {"truncation": true}} | processing_kwargs: chat_template: truncation true
          processing_kwargs | {"chat_template": {"documents": []}} | processing_kwargs: chat_template: documents []
          """)
  void whatWouldChangeTokensOrWeights(String key, String value, String message) throws IOException {
    set(TRANSFORMER, key, value);
    assertRefused(
        "/sentence_bert_config.json: "
            + message
            + " is not supported; --prompt names a prompt in the place of these files");
  }

  @ParameterizedTest
  @CsvSource({"query_length, null", "do_lower_case, false", "model_args, {}", "unpad_inputs, true"})
  void whatChangesNothing(String key, String value) throws IOException {
    set(TRANSFORMER, key, value);
    assertThat(text()).endsWith("<document>d<|im_end|>");
  }

  @Test
  void messagesThatAreNotFlatOrNone() throws IOException {
    set(TRANSFORMER, "modality_config", "{\"message\": {\"format\": \"structured\"}}");
    assertRefused("messages of the format \"structured\" are not supported; supported: flat");
    set(TRANSFORMER, "modality_config", "{\"text\": {}}");
    assertRefused("modality_config has no message: a causal model without its chat template");
  }

  @Test
  void aTemplateThatIsMissingOrRaises() throws IOException {
    template("{{ raise_exception('only\nuser turns') }}");
    assertRefused(model + "/chat_template.jinja:1: ", "only\\u000auser turns");
    template("{% macro x() %}{% endmacro %}");
    assertRefused(
        "chat_template.jinja:1: this chat template is not supported: the tag {% macro %}");
    template("{% if %}");
    assertRefused(model + "/chat_template.jinja:1: ");
    Files.delete(model.resolve(TEMPLATE));
    assertRefused(
        model
            + " has no chat template: neither chat_template.jinja nor chat_template in"
            + " tokenizer_config.json");
  }

  /** A chat template of Qwen's own renders neither role: every pair would have one score. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %} | query
          {{ messages[-1].content }} | query
          {{ messages[-2].content }} | document
          """)
  void aTemplateThatLeavesOutARole(String template, String role) throws IOException {
    template(template);
    assertRefused(
        "/chat_template.jinja: this chat template does not render the message of role " + role);
  }

  @Test
  void filesThatAreNoJson() throws IOException {
    Files.writeString(model.resolve(HEAD), "[1]");
    assertRefused("1_LogitScore/config.json");
    Files.delete(model.resolve(HEAD));
    assertRefused("1_LogitScore/config.json does not exist");
    Files.writeString(model.resolve("modules.json"), "[");
    assertRefused("/modules.json");
  }

  /**
   * transformers goes by the configuration's padding token, whatever the tokenizer's is: the prompt
   * ends in {@code <|im_end|>}, and the tokenizer pads with {@code <|endoftext|>}.
   */
  @Test
  void aHeadOfItsOwnReadsTheTokenBeforeTheConfigurationsPadding() throws IOException {
    Path classifier =
        SmallModels.withClassifiersFiles(SmallModels.withHead(folder.resolve("head")));
    String whole = "<system>judge<query>q<document>d<|im_end|>";
    assertThat(seen(classifier)).as("it has none").isEqualTo(whole);
    int end = ByteTokenizer.SIZE - 3;
    assertThat(ByteTokenizer.text(end)).isEqualTo("<|im_end|>");
    SmallModels.set(classifier.resolve("config.json"), "pad_token_id", Integer.toString(end));
    assertThat(seen(classifier)).isEqualTo("<system>judge<query>q<document>d");
    SmallModels.set(classifier.resolve("config.json"), "pad_token_id", "0");
    assertThat(seen(classifier)).isEqualTo(whole);
    Files.writeString(
        classifier.resolve(TEMPLATE),
        "{{ messages[-2].content }}{{ messages[-1].content }}<|endoftext|>");
    assertThat(seen(classifier)).as("the tokenizer's").isEqualTo("qd<|endoftext|>");
  }

  /** The text up to the token that the head reads. */
  private static String seen(Path model) {
    OpenedModel opened =
        OpenedModel.open(
            ModelPaths.of(model.toString()),
            PromptOptions.plain(),
            RecipeOptions.ofLength(300),
            new Configuration(false));
    try (PairEncoder encoder = opened.loadTokenizer()) {
      String text = opened.recipe().prompt().format().format("q", "", "d");
      return ByteTokenizer.text(encoder.encode(List.of(text)).get(0).ids());
    }
  }

  private void template(String source) throws IOException {
    Files.writeString(model.resolve(TEMPLATE), source);
  }

  private void set(String file, String key, String value) throws IOException {
    SmallModels.set(model.resolve(file), key, value);
  }

  private void assertRefused(String... parts) {
    assertThatThrownBy(this::open)
        .isInstanceOf(InputException.class)
        .hasMessageContainingAll(parts)
        .hasMessageNotContaining("\n");
  }

  private String text() {
    return open().prompt().format().format("q", "", "d");
  }

  private Recipe open() {
    return open(Score.RAW);
  }

  private Recipe open(Score score) {
    RecipeOptions options =
        new RecipeOptions(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            OptionalInt.empty(),
            score);
    return Reranker.open(
            ModelPaths.of(model.toString()),
            PromptOptions.plain(),
            options,
            new Configuration(false))
        .recipe();
  }
}
