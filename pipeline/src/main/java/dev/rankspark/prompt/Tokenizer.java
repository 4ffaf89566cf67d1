package dev.rankspark.prompt;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.util.PairList;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.files.NativeFolders;
import dev.rankspark.files.Shown;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/** A directory's tokenizer in the tokenizers library. Safe for use by several threads. */
final class Tokenizer implements AutoCloseable {
  private final HuggingFaceTokenizer tokenizer;

  private Tokenizer(HuggingFaceTokenizer tokenizer) {
    this.tokenizer = tokenizer;
  }

  /**
   * Loads it.
   *
   * @param maxLength in tokens, those counted that are added; none leaves texts whole
   * @throws InputException if the library refuses it
   */
  static Tokenizer load(ModelDirectory directory, TokenizerFiles files, OptionalInt maxLength) {
    Map<String, String> settings = new HashMap<>();
    settings.put("truncation", maxLength.isPresent() ? "true" : "false");
    maxLength.ifPresent(
        length -> {
          settings.put("maxLength", Integer.toString(length));
          settings.put("modelMaxLength", Integer.toString(length));
        });
    settings.put("padding", "false");
    NativeFolders.prepareCache();
    try {
      return new Tokenizer(
          HuggingFaceTokenizer.newInstance(
              new ByteArrayInputStream(files.json(maxLength).getBytes(StandardCharsets.UTF_8)),
              settings));
    } catch (IOException e) {
      throw new UncheckedIOException(e); // the stream is in memory
    } catch (RuntimeException e) {
      throw new InputException(
          directory.path()
              + "/tokenizer.json: the tokenizers library refuses it: "
              + Shown.text(String.valueOf(e.getMessage())),
          e);
    }
  }

  /** Encodes texts, in their order. */
  List<Encoding> encode(List<String> texts, boolean addSpecialTokens) {
    return Arrays.asList(
        tokenizer.batchEncode(texts, addSpecialTokens, /* withOverflowingTokens= */ false));
  }

  /** Encodes the two texts of pairs, in their order, by the tokenizer's template of a pair. */
  List<Encoding> encodePairs(List<PairParts> pairs) {
    PairList<String, String> texts = new PairList<>(pairs.size());
    pairs.forEach(pair -> texts.add(pair.query(), pair.document()));
    return Arrays.asList(
        tokenizer.batchEncode(
            texts, /* addSpecialTokens= */ true, /* withOverflowingTokens= */ false));
  }

  /** The tokens of one text, none added. */
  long[] ids(String text) {
    return tokenizer
        .encode(text, /* addSpecialTokens= */ false, /* withOverflowingTokens= */ false)
        .getIds();
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
