package dev.rankspark.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Token ids against those of transformers' {@code AutoTokenizer}; see {@code reference/README.md}.
 */
class PairEncoderTest {
  private static final Path REFERENCE = Path.of(System.getProperty("rankspark.home"), "reference");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TEXT = "how long is the danube";
  private static final int BOS = 1;
  private static final int EOS = 2;

  @TempDir private Path folder;

  @BeforeEach
  void copyTokenizer() throws IOException {
    for (String name : List.of("tokenizer.json", "tokenizer_config.json", "config.json")) {
      Files.copy(REFERENCE.resolve("base").resolve(name), folder.resolve(name));
    }
  }

  @Test
  void idsEqualTransformersOnPairTextsAndOddStrings() throws IOException {
    List<String> texts = new ArrayList<>();
    List<long[]> expected = new ArrayList<>();
    for (String line : Files.readAllLines(REFERENCE.resolve("expected/token_ids.jsonl"))) {
      JsonNode record = JSON.readTree(line);
      texts.add(record.get("text").asText());
      expected.add(JSON.convertValue(record.get("ids"), long[].class));
    }
    List<PairTokens> ours = encode(100_000, false, texts);
    for (int i = 0; i < texts.size(); i++) {
      assertThat(ours.get(i).ids()).as(texts.get(i)).containsExactly(expected.get(i));
      assertThat(ours.get(i).truncated()).isFalse();
    }
  }

  @Test
  void truncationCountsSpecialTokens() throws IOException {
    long[] whole = ids(512, false);
    assertThat(ids(whole.length, false)).containsExactly(whole);
    PairTokens cut = encode(5, false, List.of(TEXT)).get(0);
    assertThat(cut.ids()).containsExactly(Arrays.copyOf(whole, 5));
    assertThat(cut.truncated()).isTrue();
  }

  @Test
  void anAppendedEndTokenCutsTheTextOneTokenEarlier() throws IOException {
    long[] whole = ids(512, false);
    long[] expected = Arrays.copyOf(whole, 5);
    expected[4] = EOS;
    assertThat(ids(5, true)).containsExactly(expected);
  }

  @Test
  void theConfigurationDecidesOnBeginAndEndTokens() throws IOException {
    long[] usual = ids(512, false);
    configure("add_bos_token", false);
    assertThat(ids(512, false)).containsExactly(Arrays.copyOfRange(usual, 1, usual.length));
    configure("add_eos_token", true);
    long[] ended = ids(512, false);
    assertThat(ended[ended.length - 1]).isEqualTo(EOS);
    configure("add_bos_token", true);
    assertThat(ids(6, false)).hasSize(6).startsWith(BOS).endsWith(EOS);
  }

  @Test
  void withoutATokenizerClassTheModelTypeDecides() throws IOException {
    ObjectNode config =
        (ObjectNode) JSON.readTree(folder.resolve("tokenizer_config.json").toFile());
    config.remove("tokenizer_class");
    config.put("add_bos_token", false);
    JSON.writeValue(folder.resolve("tokenizer_config.json").toFile(), config);
    assertThat(ids(512, false)[0]).isNotEqualTo(BOS);
  }

  @Test
  void whereThePaddingTokenIsTheEndTokenTheHeadReadsTheOneBefore() throws IOException {
    configure("pad_token", "</s>");
    long[] whole = ids(512, false);
    assertThat(ids(512, true)).containsExactly(whole);
  }

  @Test
  void anotherTokenizerClassIsRefusedByName() throws IOException {
    configure("tokenizer_class", "BertTokenizer");
    assertRefused("tokenizer_class BertTokenizer is not supported");
  }

  @Test
  void aGpt2TokenizerIsItsFileAndHasAnEndTokenOfItsOwn() throws IOException {
    long[] usual = ids(512, false);
    configure("tokenizer_class", "GPT2Tokenizer");
    configure("add_bos_token", false);
    assertThat(ids(512, false)).containsExactly(usual);
    remove("eos_token");
    JsonNode vocabulary =
        JSON.readTree(folder.resolve("tokenizer.json").toFile()).at("/model/vocab");
    assertThat(ids(512, true)).as("<|endoftext|>, new").endsWith(vocabulary.size());
  }

  /** From a value of a decoder nested that deeply the tokenizers library panics: the JVM ends. */
  @Test
  void whatIsNestedTooDeeplyForTheLibraryIsRefusedBeforeIt() throws IOException {
    change("tokenizer.json", "decoder", JSON.readTree("[".repeat(900) + "]".repeat(900)));
    assertRefused("tokenizer.json: values are nested more than 64 deep");
  }

  /** From these too it panics. */
  @Test
  void mergesWithoutTheModelsPrefixAreRefusedBeforeIt() throws IOException {
    ObjectNode model =
        (ObjectNode) JSON.readTree(folder.resolve("tokenizer.json").toFile()).get("model");
    change("tokenizer.json", "model", model.put("continuing_subword_prefix", "\u2581long"));
    assertRefused(" lacks continuing_subword_prefix \"\u2581long\"");
    change("tokenizer.json", "model", model.put("continuing_subword_prefix", ""));
    assertThat(ids(512, false)).startsWith(BOS);
  }

  @Test
  void whatTheLibraryRefusesIsToldOnOneLine() throws IOException {
    ObjectNode model =
        (ObjectNode) JSON.readTree(folder.resolve("tokenizer.json").toFile()).get("model");
    ((ArrayNode) model.get("merges")).addArray().add("a\nb").add("c");
    change("tokenizer.json", "model", model);
    assertRefused("the tokenizers library refuses it: Token `a\\u000ab` out of vocabulary");
  }

  /** Python takes 0 and null for false, and any text for true. */
  @ParameterizedTest
  @ValueSource(strings = {"add_bos_token", "add_eos_token", "split_special_tokens"})
  void aSwitchIsTrueOrFalse(String key) throws IOException {
    for (Object value : Arrays.asList(0, "false", null)) {
      configure(key, value);
      assertRefused("expected true or false as " + key + ", got ");
    }
  }

  @Test
  void aSpecialTokenIsATextOfAFewLetters() throws IOException {
    configure("bos_token", "x".repeat(70_000)); // minutes, in the library
    assertRefused("has 70000 characters, expected at most 1000");
    for (Object value : List.of(5, "", List.of("<s>"), Map.of("id", 1))) {
      configure("bos_token", value);
      assertRefused("expected a text as special token, got ");
    }
  }

  @Test
  void listsOfTokensAreWhatTheyAreCalled() throws IOException {
    configure("added_tokens_decoder", Map.of("0", 5));
    assertRefused("expected objects as added_tokens_decoder, got 5");
    configure("added_tokens_decoder", Map.of("7", "<new>"));
    assertRefused("expected objects as added_tokens_decoder, got \"<new>\"");
    configure("added_tokens_decoder", List.of());
    assertRefused("expected an object as added_tokens_decoder, got []");
    configure("added_tokens_decoder", Map.of());
    configure("additional_special_tokens", "<new>");
    assertRefused("expected a list as additional_special_tokens, got \"<new>\"");
    configure("additional_special_tokens", null);
    Files.writeString(folder.resolve("tokenizer_config.json"), "{}");
    Files.writeString(folder.resolve("special_tokens_map.json"), "[]");
    assertRefused("special_tokens_map.json: expected a JSON object");
    Files.delete(folder.resolve("special_tokens_map.json"));
    change("tokenizer.json", "added_tokens", 5);
    assertRefused("expected a list as added_tokens, got 5");
  }

  /** As the tokenizers library has it: the text's pieces have that id too. */
  @Test
  void theVocabularysIdCountsMoreThanTheOneOfTheListOfAddedTokens() throws IOException {
    ArrayNode added =
        (ArrayNode) JSON.readTree(folder.resolve("tokenizer.json").toFile()).get("added_tokens");
    ((ObjectNode) added.get(BOS)).put("id", 900);
    ((ObjectNode) added.get(EOS)).put("id", 901);
    change("tokenizer.json", "added_tokens", added);
    assertThat(ids(512, true)).startsWith(BOS).endsWith(EOS);
  }

  @Test
  void leftTruncationKeepsTheEndOfTheText() throws IOException {
    long[] whole = ids(512, false);
    configure("truncation_side", "left");
    long[] end = Arrays.copyOfRange(whole, whole.length - 4, whole.length);
    assertThat(ids(5, false)).startsWith(BOS).endsWith(end).hasSize(5);
    assertThat(encode(5, false, List.of(TEXT)).get(0).truncated()).isTrue();
    assertThat(ids(6, true)).startsWith(BOS).endsWith(EOS).hasSize(6).containsSubsequence(end);
    assertThat(ids(512, false)).containsExactly(whole);
  }

  /** It keeps the settings that it was last used with; their length and padding do not count. */
  @Test
  void theConfigurationsTruncationSideCountsMoreThanTheTokenizersOwn() throws IOException {
    long[] right = ids(5, false);
    configure("truncation_side", "left");
    long[] left = ids(5, false);
    Map<String, Object> stored = Map.of("max_length", 4, "strategy", "LongestFirst", "stride", 3);
    for (String direction : List.of("Left", "Right")) {
      Map<String, Object> truncation = new HashMap<>(stored);
      truncation.put("direction", direction);
      change("tokenizer.json", "truncation", truncation);
      configure("truncation_side", "left");
      assertThat(ids(5, false)).containsExactly(left);
      configure("truncation_side", "right");
      assertThat(ids(5, false)).containsExactly(right);
      remove("truncation_side");
      assertThat(ids(5, false)).containsExactly(direction.equals("Left") ? left : right);
    }
    change("tokenizer.json", "truncation", Map.of("direction", "Middle"));
    assertRefused("tokenizer.json: truncation {\"direction\":\"Middle\"} is not supported");
  }

  @Test
  void theTokenizersOwnPaddingIsNotApplied() throws IOException {
    long[] whole = ids(512, false);
    change(
        "tokenizer.json",
        "padding",
        JSON.readTree(
            """
            {"strategy": {"Fixed": 64}, "direction": "Left", "pad_to_multiple_of": 8, "pad_id": 0,
             "pad_type_id": 0, "pad_token": "</s>"}"""));
    assertThat(ids(512, false)).containsExactly(whole);
    assertThat(ids(512, true)).as("no padding token by configuration").endsWith(EOS);
    remove("pad_token");
    assertThat(ids(512, true)).as("</s> is the padding token").containsExactly(whole);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          split_special_tokens | true | split_special_tokens true is not supported
          from_slow | true | from_slow true is not supported
          init_inputs | ["tokenizer.model"] | init_inputs ["tokenizer.model"] is not supported
          tokenizer_file | "other.json" | tokenizer_file "other.json" is not supported
          tokenizer_object | "x" | tokenizer_object "x" is not supported
          backend | "sentencepiece" | backend "sentencepiece" is not supported; supported: tokenizers
          truncation_side | "middle" | truncation_side "middle" is not supported; supported: left, right
          truncation_side | null | truncation_side null is not supported; supported: left, right
          padding_side | "both" | padding_side "both" is not supported; supported: left, right
          tokenizer_class | "MistralCommonBackend" | tokenizer_class MistralCommonBackend is not supported
          extra_special_tokens | ["<x>"] | expected an object as extra_special_tokens, got ["<x>"]
          added_tokens_decoder | null | expected an object as added_tokens_decoder, got null
          added_tokens_decoder | {"0": {"content": "<unk>", "lstrip": 1}} | expected true or false as lstrip of a special token
          add_prefix_space | false | add_prefix_space false, but tokenizer.json was made for the opposite
          """)
  void whatWouldChangeIdsIsRefusedByName(String key, String value, String message)
      throws IOException {
    configure(key, JSON.readTree(value));
    assertRefused(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          padding_side | "left"
          model_max_length | 3
          max_length | 3
          clean_up_tokenization_spaces | true
          legacy | false
          use_default_system_prompt | true
          chat_template | "{{ messages }}"
          extra_special_tokens | {}
          model_input_names | ["input_ids"]
          init_inputs | []
          """)
  void whatHasNoEffectOnIdsIsIgnored(String key, String value) throws IOException {
    long[] right = ids(6, false);
    configure(key, JSON.readTree(value));
    assertThat(ids(6, false)).containsExactly(right);
  }

  /** Each is looked for in the text; that it is named suffices. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          mask_token | "river"
          pad_token | "river"
          additional_special_tokens | ["river"]
          extra_special_tokens | {"image_token": "river"}
          added_tokens_decoder | {"1200": {"content": "river", "normalized": false}}
          """)
  void aTokenThatIsNamedIsOneToken(String key, String value) throws IOException {
    configure(key, JSON.readTree(value));
    assertThat(encode(512, false, List.of("a river x")).get(0).ids()).contains(1200);
  }

  @Test
  void theConfigurationSaysHowATokenIsLookedFor() throws IOException {
    String token = "{\"content\": \"</s>\", \"rstrip\": %s, \"special\": true}";
    configure("add_bos_token", false);
    ArrayNode added = JSON.createArrayNode();
    change("tokenizer.json", "added_tokens", added);
    configure("added_tokens_decoder", JSON.readTree("{\"2\": " + token.formatted(false) + "}"));
    long[] kept = encode(512, false, List.of("</s> x")).get(0).ids();
    configure("added_tokens_decoder", JSON.readTree("{\"2\": " + token.formatted(true) + "}"));
    assertThat(encode(512, false, List.of("</s> x")).get(0).ids()).isNotEqualTo(kept);
  }

  /** Only where the configuration has no tokens of its own; then it counts more. */
  @Test
  void aSpecialTokensMapThatDisagreesCountsInOlderDirectories() throws IOException {
    Files.writeString(
        folder.resolve("special_tokens_map.json"),
        "{\"bos_token\": {\"content\": \"</s>\", \"lstrip\": false}}");
    assertThat(ids(512, false)).startsWith(BOS);
    remove("added_tokens_decoder");
    assertThat(ids(512, false)).startsWith(EOS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"TokenizersBackend", "LlamaTokenizer", "PreTrainedTokenizerFast"})
  void ofVersion5ThePostProcessorDecidesOnBeginAndEndTokens(String name) throws IOException {
    long[] usual = ids(512, false);
    configure("tokenizer_class", name);
    configure("backend", "tokenizers");
    configure("add_bos_token", false);
    configure("add_eos_token", true);
    assertThat(ids(512, false)).containsExactly(usual);
    change(
        "tokenizer.json",
        "post_processor",
        JSON.readTree(
            """
            {"type": "TemplateProcessing",
             "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
             "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
             "special_tokens": {"</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}}}"""));
    long[] ended = Arrays.copyOfRange(usual, 1, usual.length + 1);
    ended[ended.length - 1] = EOS;
    assertThat(ids(512, false)).containsExactly(ended);
    assertThat(ids(4, false)).hasSize(4).endsWith(EOS);
    change("tokenizer.json", "post_processor", null);
    assertThat(ids(512, false)).containsExactly(Arrays.copyOfRange(usual, 1, usual.length));
  }

  /** It keeps of the file the vocabulary, so that text after a token has no blank before it. */
  @Test
  void aLlamaTokenizerOfVersion5IsMadeAnewByItsSettings() throws IOException {
    List<String> text = List.of("x</s>river");
    configure("backend", "tokenizers");
    remove("legacy");
    long[] first = encode(512, false, text).get(0).ids();
    configure("legacy", true);
    long[] always = encode(512, false, text).get(0).ids();
    assertThat(always).isNotEqualTo(first);
    configure("tokenizer_class", "TokenizersBackend");
    assertThat(encode(512, false, text).get(0).ids()).as("by the file").containsExactly(always);
  }

  @Test
  void aDirectoryWithoutATokenizerSaysWhatToDo() throws IOException {
    Files.delete(folder.resolve("tokenizer.json"));
    assertThatThrownBy(() -> ids(512, false))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("has no tokenizer.json")
        .hasMessageContaining("--tokenizer-name");
  }

  private void assertRefused(String message) {
    assertThatThrownBy(() -> ids(512, false))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(message);
  }

  private void configure(String key, Object value) throws IOException {
    change("tokenizer_config.json", key, value);
  }

  private void remove(String key) throws IOException {
    Path file = folder.resolve("tokenizer_config.json");
    JSON.writeValue(file.toFile(), ((ObjectNode) JSON.readTree(file.toFile())).without(key));
  }

  private void change(String name, String key, Object value) throws IOException {
    Path file = folder.resolve(name);
    ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
    config.set(key, JSON.valueToTree(value));
    JSON.writeValue(file.toFile(), config);
  }

  private long[] ids(int maxLength, boolean appendEos) throws IOException {
    return encode(maxLength, appendEos, List.of(TEXT)).get(0).ids();
  }

  private List<PairTokens> encode(int maxLength, boolean appendEos, List<String> texts) {
    ModelDirectory directory =
        ModelDirectory.open(folder.toString(), "--tokenizer-name", new Configuration());
    try (PairEncoder encoder =
        PairEncoder.load(
            directory,
            new PromptOptions("", "", maxLength, appendEos),
            Pooling.LAST_BEFORE_PADDING)) {
      return encoder.encode(texts);
    }
  }
}
