package dev.rankspark.prompt;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.files.NativeFolders;
import dev.rankspark.files.Shown;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Pair texts to token ids, as Tevatron's {@code RerankerInferenceCollator} with the directory's
 * {@code AutoTokenizer}. Safe for use by several threads.
 */
public final class PairEncoder implements AutoCloseable {
  private final HuggingFaceTokenizer tokenizer;
  private final PromptOptions options;
  private final Pooling pooling;
  private final int eosId;
  private final int padId;

  private PairEncoder(
      HuggingFaceTokenizer tokenizer,
      PromptOptions options,
      Pooling pooling,
      int eosId,
      int padId) {
    this.tokenizer = tokenizer;
    this.options = options;
    this.pooling = pooling;
    this.eosId = eosId;
    this.padId = padId;
  }

  /**
   * The ids of one text.
   *
   * @param ids at least one, the last is the one that the head reads
   * @param truncated whether the text was cut at {@link PromptOptions#maxLength()}
   */
  public record Tokens(long[] ids, boolean truncated) {}

  /**
   * Loads a directory's tokenizer.
   *
   * @param pooling which token the head reads
   * @throws InputException if the directory has no tokenizer, or one that is not supported
   */
  public static PairEncoder load(ModelDirectory directory, PromptOptions options, Pooling pooling) {
    TokenizerFiles files = TokenizerFiles.read(directory);
    int textLength = options.appendEos() ? options.maxLength() - 1 : options.maxLength();
    Map<String, String> settings =
        Map.of(
            "truncation",
            "true",
            "maxLength",
            Integer.toString(textLength),
            "modelMaxLength",
            Integer.toString(textLength),
            "padding",
            "false");
    NativeFolders.prepareCache();
    try {
      HuggingFaceTokenizer tokenizer =
          HuggingFaceTokenizer.newInstance(
              new ByteArrayInputStream(files.json(textLength).getBytes(StandardCharsets.UTF_8)),
              settings);
      return new PairEncoder(
          tokenizer, options, pooling, options.appendEos() ? files.eosId() : 0, files.padId());
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
  public List<Tokens> encode(List<String> texts) {
    List<Tokens> tokens = new ArrayList<>(texts.size());
    for (Encoding encoding :
        tokenizer.batchEncode(
            texts, /* addSpecialTokens= */ true, /* withOverflowingTokens= */ false)) {
      long[] ids = encoding.getIds();
      if (options.appendEos()) {
        ids = Arrays.copyOf(ids, ids.length + 1);
        ids[ids.length - 1] = eosId;
      }
      tokens.add(new Tokens(pooling.cut(ids, padId), encoding.exceedMaxLength()));
    }
    return tokens;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
