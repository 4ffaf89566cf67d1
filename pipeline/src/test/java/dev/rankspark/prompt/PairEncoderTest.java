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
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
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
    List<PairEncoder.Tokens> ours = encode(100_000, false, texts);
    for (int i = 0; i < texts.size(); i++) {
      assertThat(ours.get(i).ids()).as(texts.get(i)).containsExactly(expected.get(i));
      assertThat(ours.get(i).truncated()).isFalse();
    }
  }

  @Test
  void truncationCountsSpecialTokens() throws IOException {
    long[] whole = ids(512, false);
    assertThat(ids(whole.length, false)).containsExactly(whole);
    PairEncoder.Tokens cut = encode(5, false, List.of(TEXT)).get(0);
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
    configure("tokenizer_class", "GPT2Tokenizer");
    assertThatThrownBy(() -> ids(512, false))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("tokenizer_class GPT2Tokenizer is not supported");
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
    assertRefused("expected a text as special token, got 5");
    configure("added_tokens_decoder", Map.of("0", "<unk>", "7", "<new>"));
    assertRefused("expected objects as added_tokens_decoder, got \"<new>\"");
    configure("added_tokens_decoder", List.of());
    assertRefused("expected an object as added_tokens_decoder, got []");
    configure("added_tokens_decoder", null);
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

  private void change(String name, String key, Object value) throws IOException {
    Path file = folder.resolve(name);
    ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
    config.set(key, JSON.valueToTree(value));
    JSON.writeValue(file.toFile(), config);
  }

  private long[] ids(int maxLength, boolean appendEos) throws IOException {
    return encode(maxLength, appendEos, List.of(TEXT)).get(0).ids();
  }

  private List<PairEncoder.Tokens> encode(int maxLength, boolean appendEos, List<String> texts) {
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
