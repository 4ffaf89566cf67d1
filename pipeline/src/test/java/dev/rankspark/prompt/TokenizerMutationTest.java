package dev.rankspark.prompt;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.mutation.ForkedMutations;
import dev.rankspark.mutation.Mutations;
import dev.rankspark.mutation.StrictJson;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Tokenizers with random changes in one of their files, as {@link Mutations} demands it of each. In
 * a JVM of their own: a panic of the tokenizers library ends it.
 */
class TokenizerMutationTest {
  private static final Path REFERENCE = Path.of(System.getProperty("rankspark.home"), "reference");

  @TempDir Path folder;

  int count() {
    return 500;
  }

  @Test
  void tokenizersThatAreLoaded() throws Exception {
    FileUtils.copyDirectory(REFERENCE.resolve("base").toFile(), folder.toFile());
    ForkedMutations.run(
        Forked.class, folder.resolve("output.txt"), folder.toString(), Integer.toString(count()));
  }

  /** What runs in a JVM of its own. */
  public static final class Forked {
    private static final String TOKENIZER = "tokenizer.json";
    private static final String CONFIG = "tokenizer_config.json";
    private static final String MAP = "special_tokens_map.json";
    private static final List<String> TEXTS =
        List.of("query: how long is the danube", "a Zürich 10 \u6f22\ud83d\ude00 x", "");

    /** What the library reads and the ids depend on; the rest has no effect on them. */
    private static final List<String> EFFECTIVE =
        List.of("normalizer", "pre_tokenizer", "model", "added_tokens", "truncation");

    private static final List<String> EFFECTIVE_OF_CONFIG =
        List.of(
            "add_bos_token",
            "add_eos_token",
            "bos_token",
            "eos_token",
            "unk_token",
            "pad_token",
            "sep_token",
            "cls_token",
            "added_tokens_decoder",
            "tokenizer_class",
            "additional_special_tokens",
            "split_special_tokens",
            "truncation_side",
            "backend",
            "mask_token",
            "extra_special_tokens",
            "add_prefix_space");

    private final Path directory;
    private final List<long[]> right;

    private Forked(Path directory) {
      this.directory = directory;
      this.right = encode();
    }

    public static void main(String[] args) throws IOException {
      Forked forked = new Forked(Path.of(args[0]));
      int count = Integer.parseInt(args[1]);
      byte[] tokenizer = forked.read(TOKENIZER);
      int vocabulary = new String(tokenizer, StandardCharsets.ISO_8859_1).indexOf("\"vocab\"");
      forked.tokenizers("tokenizers", count, vocabulary);
      forked.tokenizers("vocabularies", count, Integer.MAX_VALUE);
      forked.configurations(count);
      forked.specialTokens(count);
    }

    private void tokenizers(String what, int count, int first) throws IOException {
      byte[] file = read(TOKENIZER);
      JsonObject rightJson = StrictJson.object(file);
      Mutations.survive(
          what,
          count,
          first,
          mutation -> {
            byte[] mutated = mutation.of(file);
            write(TOKENIZER, mutated);
            List<long[]> ids = encode();
            JsonObject json = StrictJson.object(mutated);
            if (part(json, EFFECTIVE).equals(part(rightJson, EFFECTIVE))) {
              assertEqualsRight(ids);
            }
            if (differsInVocabularyAlone(json, rightJson)) {
              for (int i = 0; i < ids.size(); i++) {
                assertSpells(ids.get(i), TEXTS.get(i), vocabulary(json));
              }
            }
          });
      write(TOKENIZER, file);
    }

    private void configurations(int count) throws IOException {
      byte[] file = read(CONFIG);
      JsonObject rightJson = StrictJson.object(file);
      long bos = right.get(0)[0];
      Mutations.survive(
          "tokenizer configurations",
          count,
          mutation -> {
            byte[] mutated = mutation.of(file);
            write(CONFIG, mutated);
            List<long[]> ids = encode();
            JsonObject json = StrictJson.object(mutated);
            if (part(json, EFFECTIVE_OF_CONFIG).equals(part(rightJson, EFFECTIVE_OF_CONFIG))) {
              assertEqualsRight(ids);
            }
            if (StrictJson.has(json, "added_tokens_decoder")) {
              assertThat(json.getAsJsonObject("added_tokens_decoder").entrySet())
                  .allMatch(token -> isToken(token.getValue()) && token.getValue().isJsonObject());
            }
            if (StrictJson.text(json, "bos_token", "<s>").equals("<s>")) {
              assertThat(ids.get(0)[0] == bos).isEqualTo(isTrue(json, "add_bos_token", true));
            }
          });
      write(CONFIG, file);
    }

    /** Older directories have the special tokens there, newer ones do not read it. */
    private void specialTokens(int count) throws IOException {
      byte[] config = read(CONFIG);
      JsonObject older = StrictJson.object(config);
      older.remove("added_tokens_decoder");
      List<String> names = List.of("bos_token", "eos_token", "unk_token");
      JsonObject map = part(older, names);
      names.forEach(older::remove);
      write(CONFIG, older.toString().getBytes(StandardCharsets.UTF_8));
      byte[] file = map.toString().getBytes(StandardCharsets.UTF_8);
      Mutations.survive(
          "special tokens",
          count,
          mutation -> {
            byte[] mutated = mutation.of(file);
            write(MAP, mutated);
            List<long[]> ids = encode();
            JsonObject json = StrictJson.object(mutated);
            if (part(json, names).equals(map)) {
              assertEqualsRight(ids);
            }
            for (String name : names) {
              // There is no other text that names one of the vocabulary's special tokens.
              assertThat(!json.has(name) || json.get(name).isJsonNull() || isToken(json.get(name)))
                  .as(name)
                  .isTrue();
            }
          });
      Files.delete(directory.resolve(MAP));
      write(CONFIG, config);
    }

    private static boolean isToken(JsonElement token) {
      JsonElement content = token.isJsonObject() ? token.getAsJsonObject().get("content") : token;
      return content != null
          && content.isJsonPrimitive()
          && content.getAsJsonPrimitive().isString()
          && !content.getAsString().isEmpty();
    }

    private void assertEqualsRight(List<long[]> ids) {
      for (int i = 0; i < ids.size(); i++) {
        assertThat(ids.get(i)).as(TEXTS.get(i)).containsExactly(right.get(i));
      }
    }

    /** As Python has it: what is there, not null, false, 0 or empty. */
    private static boolean isTrue(JsonObject json, String key, boolean otherwise) {
      if (!json.has(key)) {
        return otherwise;
      }
      String value = json.get(key).toString();
      return !List.of("null", "false", "\"\"", "[]", "{}", "0", "-0").contains(value);
    }

    private static JsonObject part(JsonObject json, List<String> keys) {
      JsonObject part = new JsonObject();
      keys.stream().filter(json::has).forEach(key -> part.add(key, json.get(key)));
      return part;
    }

    private static boolean differsInVocabularyAlone(JsonObject json, JsonObject rightJson) {
      JsonObject one = part(json, EFFECTIVE).deepCopy();
      JsonObject other = part(rightJson, EFFECTIVE).deepCopy();
      for (JsonObject either : List.of(one, other)) {
        either.getAsJsonObject("model").remove("vocab");
        either.getAsJsonObject("model").remove("merges");
      }
      return one.equals(other);
    }

    private static Map<String, Long> vocabulary(JsonObject json) {
      Map<String, Long> vocabulary = new HashMap<>();
      json.getAsJsonObject("model")
          .getAsJsonObject("vocab")
          .entrySet()
          .forEach(
              entry ->
                  vocabulary.put(
                      entry.getKey(), entry.getValue().getAsBigDecimal().longValueExact()));
      return vocabulary;
    }

    /**
     * Whatever the merges are, the pieces between beginning and end are the text, letter by letter
     * and byte by byte. Where a letter or byte is gone from the vocabulary, or two share an id, the
     * text cannot be read off the ids.
     */
    private static void assertSpells(long[] ids, String text, Map<String, Long> vocabulary) {
      assertThat(ids[0]).isEqualTo(vocabulary.get("<s>"));
      assertThat(ids[ids.length - 1]).isEqualTo(vocabulary.get("</s>"));
      Map<Long, String> pieces = new HashMap<>();
      vocabulary.forEach((piece, id) -> pieces.put(id, piece));
      if (pieces.size() < vocabulary.size()) {
        return;
      }
      ByteArrayOutputStream spelt = new ByteArrayOutputStream();
      for (int i = 1; i < ids.length - 1; i++) {
        Optional<String> piece = Optional.ofNullable(pieces.get(ids[i]));
        assertThat(piece).as("piece %d", ids[i]).isPresent();
        if (piece.get().equals("<unk>")) {
          return;
        }
        spelt.writeBytes(
            piece.get().matches("<0x[0-9A-F]{2}>")
                ? new byte[] {(byte) Integer.parseInt(piece.get().substring(3, 5), 16)}
                : piece.get().getBytes(StandardCharsets.UTF_8));
      }
      assertThat(spelt.toString(StandardCharsets.UTF_8))
          .isEqualTo(text.isEmpty() ? "" : ("\u2581" + text).replace(' ', '\u2581'));
    }

    private List<long[]> encode() {
      ModelDirectory model = ModelDirectory.open(directory.toString(), new Configuration(false));
      try (PairEncoder encoder =
          PairEncoder.load(
              model, new PromptOptions("", "", /* maxLength= */ 64, true), Pooling.LAST)) {
        return encoder.encode(TEXTS).stream().map(PairTokens::ids).toList();
      }
    }

    private byte[] read(String name) throws IOException {
      return Files.readAllBytes(directory.resolve(name));
    }

    private void write(String name, byte[] bytes) throws IOException {
      Files.write(directory.resolve(name), bytes);
    }
  }
}
