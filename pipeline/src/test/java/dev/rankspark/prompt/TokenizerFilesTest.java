package dev.rankspark.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Which class of transformers reads a directory, and what each makes of {@code tokenizer.json};
 * that the ids are then those of {@code AutoTokenizer} is {@code RandomTokenizersIT}'s to show.
 */
class TokenizerFilesTest {
  private static final Path BASE =
      Path.of(System.getProperty("rankspark.home"), "reference", "base");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String RIVER =
      "{\"content\": \"river\", \"lstrip\": %b, \"rstrip\": %<b, \"normalized\": %<b,"
          + " \"single_word\": false}";

  @TempDir private Path folder;

  @BeforeEach
  void copyTokenizer() throws IOException {
    for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
      Files.copy(BASE.resolve(name), folder.resolve(name));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          LlamaTokenizer          |            | llama   | false | LLAMA_4
          PreTrainedTokenizerFast |            | llama   | true  | FAST_4
          GPT2Tokenizer           |            | llama   | true  | GPT2_4
          GPT2TokenizerFast       |            | gpt2    | true  | GPT2_4
          Qwen2Tokenizer          |            | qwen3   | true  | QWEN2_4
          Qwen2TokenizerFast      |            | qwen2   | true  | QWEN2_4
                                  |            | llama   | false | LLAMA_4
                                  |            | qwen2   | true  | QWEN2_4
                                  |            | qwen3   | true  | QWEN2_4
                                  |            | gpt2    | true  | GPT2_4
                                  |            | phi     | true  | FAST_4
          LlamaTokenizer          | tokenizers | llama   | false | LLAMA_5
          LlamaTokenizer          | tokenizers | llama   | true  | BACKEND_5
          LlamaTokenizer          | tokenizers | mistral | false | BACKEND_5
          LlamaTokenizer          | tokenizers | qwen2   | false | QWEN2_5
          GPT2Tokenizer           | tokenizers | llama   | true  | GPT2_5
          GPT2Tokenizer           | tokenizers | qwen2   | true  | QWEN2_5
          Qwen2Tokenizer          | tokenizers | qwen3   | true  | QWEN2_5
          Qwen2Tokenizer          | tokenizers | llama   | true  | QWEN2_5
          Qwen2Tokenizer          | tokenizers | mistral | true  | BACKEND_5
          PreTrainedTokenizerFast | tokenizers | llama   | true  | BACKEND_5
          TokenizersBackend       |            | llama   | true  | BACKEND_5
          TokenizersBackend       |            | qwen3   | true  | BACKEND_5
          TokenizersBackend       |            | qwen2   | true  | QWEN2_5
                                  | tokenizers | qwen3   | true  | QWEN2_5
                                  | tokenizers | gpt2    | true  | GPT2_5
          """)
  void theClassTheWriterAndTheModelTypeDecideOnTheReader(
      String tokenizerClass,
      String backend,
      String modelType,
      boolean isOfBytes,
      TokenizerSettings.Reader reader)
      throws IOException {
    configure("tokenizer_class", tokenizerClass);
    configure("backend", backend);
    Files.writeString(
        folder.resolve("config.json"), "{\"model_type\": \"%s\"}".formatted(modelType));
    assertThat(TokenizerSettings.read(directory(), () -> isOfBytes).reader()).isEqualTo(reader);
  }

  @Test
  void version4sQwen2TokenizerIsItsFileWithAnEndTokenOfItsOwn() throws IOException {
    configure("tokenizer_class", "Qwen2Tokenizer");
    configure("pad_token", null);
    JsonNode stored = JSON.readTree(folder.resolve("tokenizer.json").toFile());
    for (String part : List.of("normalizer", "pre_tokenizer", "model", "post_processor")) {
      assertThat(read().get(part)).as(part).isEqualTo(stored.get(part));
    }
    remove("eos_token");
    remove("pad_token");
    TokenizerFiles files = TokenizerFiles.read(directory());
    assertThat(files.eosId()).isEqualTo(stored.at("/model/vocab").size());
    assertThat(files.padId()).isEqualTo(files.eosId());
  }

  /** What it has by itself is a token whose attributes are known, though the files have others. */
  @Test
  void version4sQwen2TokenizerAddsItsOwnTokensAgain() throws IOException {
    configure("tokenizer_class", "Qwen2Tokenizer");
    configure(
        "added_tokens_decoder",
        JSON.readTree("{\"1200\": {\"content\": \"<|endoftext|>\", \"lstrip\": true}}"));
    remove("unk_token");
    assertThat(added("<|endoftext|>")).last().matches(token -> !token.get("lstrip").asBoolean());
    configure("tokenizer_class", "GPT2Tokenizer");
    assertThat(added("<|endoftext|>")).last().matches(token -> token.get("lstrip").asBoolean());
  }

  @Test
  void version5sQwen2TokenizerKeepsVocabularyAndPostProcessor() throws IOException {
    configure("tokenizer_class", "Qwen2Tokenizer");
    configure("backend", "tokenizers");
    JsonNode stored = JSON.readTree(folder.resolve("tokenizer.json").toFile());
    JsonNode rebuilt = read();
    assertThat(rebuilt.get("post_processor")).isEqualTo(stored.get("post_processor"));
    assertThat(rebuilt.at("/model/vocab")).isEqualTo(stored.at("/model/vocab"));
    assertThat(rebuilt.at("/model/merges")).isEqualTo(stored.at("/model/merges"));
    assertThat(rebuilt.at("/model/byte_fallback").asBoolean()).isFalse();
    assertThat(rebuilt.get("normalizer")).isEqualTo(JSON.readTree("{\"type\": \"NFC\"}"));
    assertThat(rebuilt.at("/pre_tokenizer/pretokenizers/0/pattern/Regex").asText())
        .isEqualTo(
            """
            (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}\
            | ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+""");
    assertThat(rebuilt.at("/pre_tokenizer/pretokenizers/1"))
        .isEqualTo(bytes(/* prefixSpace= */ false, /* isOfWords= */ false));
    configure("add_prefix_space", true);
    assertThat(read().at("/pre_tokenizer/pretokenizers/1")).isEqualTo(bytes(true, false));
    configure("add_prefix_space", null);
    assertThat(read().at("/pre_tokenizer/pretokenizers/1")).isEqualTo(bytes(false, false));
  }

  /** At the end of its {@code __init__}, whatever attributes the files give them. */
  @Test
  void version5sQwen2TokenizerMakesItsSpecialTokensPlain() throws IOException {
    configure("backend", "tokenizers");
    configure(
        "added_tokens_decoder", JSON.readTree("{\"1\": {\"content\": \"<s>\", \"lstrip\": true}}"));
    configure("tokenizer_class", "LlamaTokenizer");
    assertThat(added("<s>")).singleElement().matches(token -> token.get("lstrip").asBoolean());
    configure("tokenizer_class", "Qwen2Tokenizer");
    assertThat(added("<s>")).singleElement().matches(token -> !token.get("lstrip").asBoolean());
  }

  @Test
  void version5sGpt2TokenizerHasNoPaddingTokenOfTheFile() throws IOException {
    configure("backend", "tokenizers");
    remove("pad_token");
    Path file = folder.resolve("tokenizer.json");
    ObjectNode tokenizer = (ObjectNode) JSON.readTree(file.toFile());
    tokenizer.putObject("padding").put("pad_token", "</s>");
    JSON.writeValue(file.toFile(), tokenizer);
    configure("tokenizer_class", "TokenizersBackend");
    assertThat(TokenizerFiles.read(directory()).padId()).isEqualTo(2);
    configure("tokenizer_class", "GPT2Tokenizer");
    assertThat(TokenizerFiles.read(directory()).padId()).isZero();
  }

  @Test
  void version5sGpt2TokenizerKeepsVocabularyAndPostProcessor() throws IOException {
    configure("tokenizer_class", "GPT2Tokenizer");
    configure("backend", "tokenizers");
    assertThat(read().get("normalizer").isNull()).isTrue();
    assertThat(read().get("pre_tokenizer")).isEqualTo(bytes(false, true));
    configure("add_prefix_space", true);
    assertThat(read().get("pre_tokenizer")).isEqualTo(bytes(true, true));
    configure("add_prefix_space", null);
    assertThatThrownBy(this::read)
        .isInstanceOf(InputException.class)
        .hasMessageEndingWith("expected true or false as add_prefix_space, got null");
  }

  /** The library keeps the first attributes of a special token beside the last. */
  @Test
  void version4MakesTokensWithoutANameSpecial() throws IOException {
    configure("tokenizer_class", "PreTrainedTokenizerFast");
    remove("added_tokens_decoder");
    ObjectNode first = (ObjectNode) JSON.readTree(RIVER.formatted(true));
    first.put("__type", "AddedToken").put("special", false);
    configure("additional_special_tokens", List.of(first));
    Files.writeString(
        folder.resolve("special_tokens_map.json"),
        "{\"additional_special_tokens\": [" + RIVER.formatted(false) + "]}");
    assertThat(added("river"))
        .extracting(token -> token.get("lstrip").asBoolean())
        .containsExactly(true, false);
    assertThat(added("river")).allMatch(token -> token.get("special").asBoolean());
  }

  /** What Qwen's and Llama's directories say beside what counts. */
  @Test
  void whatIsOfNoEffectOnIdsIsAccepted() throws IOException {
    JsonNode before = read();
    configure("chat_template", "{{ messages }}");
    configure("errors", "replace");
    configure("split_special_tokens", false);
    configure("clean_up_tokenization_spaces", true);
    configure("model_input_names", List.of("input_ids"));
    configure("is_local", true);
    configure("extra_special_tokens", JSON.createObjectNode());
    assertThat(read()).isEqualTo(before);
  }

  private static JsonNode bytes(boolean prefixSpace, boolean isOfWords) {
    return JSON.createObjectNode()
        .put("type", "ByteLevel")
        .put("add_prefix_space", prefixSpace)
        .put("trim_offsets", true)
        .put("use_regex", isOfWords);
  }

  private ModelDirectory directory() {
    return ModelDirectory.open(folder.toString(), "--tokenizer-name", new Configuration());
  }

  private JsonNode read() throws IOException {
    return JSON.readTree(TokenizerFiles.read(directory()).json(OptionalInt.of(512)));
  }

  /** The added tokens of one text, as the library takes them. */
  private List<JsonNode> added(String content) throws IOException {
    List<JsonNode> added = new ArrayList<>();
    for (JsonNode token : read().get("added_tokens")) {
      if (token.get("content").asText().equals(content)) {
        added.add(token);
      }
    }
    return added;
  }

  private void configure(String key, Object value) throws IOException {
    Path file = folder.resolve("tokenizer_config.json");
    ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
    config.set(key, JSON.valueToTree(value));
    JSON.writeValue(file.toFile(), config);
  }

  private void remove(String key) throws IOException {
    Path file = folder.resolve("tokenizer_config.json");
    JSON.writeValue(file.toFile(), ((ObjectNode) JSON.readTree(file.toFile())).without(key));
  }
}
