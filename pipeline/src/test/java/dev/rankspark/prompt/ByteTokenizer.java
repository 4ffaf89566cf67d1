package dev.rankspark.prompt;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.checkpoint.ModelDirectory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/**
 * A tokenizer whose tokens are bytes, so that a test can read what is left of a text; some words
 * and some special tokens are one token each.
 */
public final class ByteTokenizer {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Special tokens, as Qwen's models have them. */
  private static final List<String> SPECIAL =
      List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>");

  /** By byte, then by word, then by special token. */
  private static final List<byte[]> TOKENS = new ArrayList<>();

  private static final List<List<String>> MERGES =
      List.of(
          List.of("y", "e"),
          List.of("ye", "s"),
          List.of("n", "o"),
          List.of("Y", "e"),
          List.of("Ye", "s"));

  public static final int YES = 257;
  public static final int NO = 258;
  public static final int UPPER_YES = 260;
  public static final int ONE = '1';
  public static final int ZERO = '0';

  /** Rows that an embedding needs. */
  public static final int SIZE = 261 + SPECIAL.size();

  static {
    for (int i = 0; i < 256; i++) {
      TOKENS.add(new byte[] {(byte) i});
    }
    MERGES.forEach(merge -> TOKENS.add(String.join("", merge).getBytes(StandardCharsets.US_ASCII)));
    SPECIAL.forEach(token -> TOKENS.add(token.getBytes(StandardCharsets.US_ASCII)));
  }

  private ByteTokenizer() {}

  /** Writes {@code tokenizer.json} and {@code tokenizer_config.json}. */
  public static void write(Path folder) throws IOException {
    ObjectNode tokenizer = JSON.createObjectNode().put("version", "1.0");
    ArrayNode added = tokenizer.putArray("added_tokens");
    for (int i = 0; i < SPECIAL.size(); i++) {
      added
          .addObject()
          .put("id", SIZE - SPECIAL.size() + i)
          .put("content", SPECIAL.get(i))
          .put("single_word", false)
          .put("lstrip", false)
          .put("rstrip", false)
          .put("normalized", false)
          .put("special", true);
    }
    tokenizer.putNull("normalizer").putNull("post_processor");
    for (String part : List.of("pre_tokenizer", "decoder")) {
      tokenizer
          .putObject(part)
          .put("type", "ByteLevel")
          .put("add_prefix_space", false)
          .put("trim_offsets", true)
          .put("use_regex", false);
    }
    ObjectNode model = tokenizer.putObject("model").put("type", "BPE");
    ObjectNode vocabulary = model.putObject("vocab");
    for (int i = 0; i < 256; i++) {
      vocabulary.put(symbol(i), i);
    }
    ArrayNode merges = model.putArray("merges");
    for (List<String> merge : MERGES) {
      vocabulary.put(String.join("", merge), vocabulary.size());
      merge.forEach(merges.addArray()::add);
    }
    JSON.writeValue(folder.resolve("tokenizer.json").toFile(), tokenizer);
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        """
        {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>",
         "pad_token": "<|endoftext|>", "model_max_length": 4000}
        """);
  }

  /** {@code bytes_to_unicode} of GPT-2. */
  private static String symbol(int value) {
    boolean isPrinted =
        (value >= '!' && value <= '~') || (value >= 0xa1 && value <= 0xff && value != 0xad);
    int moved = value <= ' ' ? value : value <= 0xa0 ? value - 0x7f + 33 : 67;
    return Character.toString(isPrinted ? value : 256 + moved);
  }

  /** What tokens are of. */
  public static String text(long... ids) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (long id : ids) {
      bytes.writeBytes(TOKENS.get((int) id));
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** The text that a model sees of a pair. */
  public static String seen(Path folder, Prompt prompt, String query, String title, String text) {
    return text(encode(folder, prompt, query, title, text).ids());
  }

  /** A pair's tokens by the tokenizer in a folder. */
  public static PairTokens encode(
      Path folder, Prompt prompt, String query, String title, String text) {
    ModelDirectory directory = ModelDirectory.open(folder.toString(), new Configuration(false));
    try (PairEncoder encoder = PairEncoder.load(directory, prompt, Pooling.LAST)) {
      return encoder.encode(List.of(prompt.format().format(query, title, text))).get(0);
    }
  }
}
