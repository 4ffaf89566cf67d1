package dev.rankspark.prompt;

import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import java.util.List;
import java.util.OptionalInt;

/**
 * Pair texts to token ids, as a prompt has it, with the directory's {@code AutoTokenizer}. Safe for
 * use by several threads.
 */
public final class PairEncoder implements AutoCloseable {
  private final Tokenizer tokenizer;
  private final TokenRule rule;
  private final Pooling pooling;
  private final int padId;

  private PairEncoder(Tokenizer tokenizer, TokenRule rule, Pooling pooling, int padId) {
    this.tokenizer = tokenizer;
    this.rule = rule;
    this.pooling = pooling;
    this.padId = padId;
  }

  /**
   * Loads a directory's tokenizer.
   *
   * @param pooling which token the head reads
   * @throws InputException if the directory has no tokenizer, or one that is not supported
   */
  public static PairEncoder load(ModelDirectory directory, Prompt prompt, Pooling pooling) {
    return load(directory, prompt, pooling, OptionalInt.empty());
  }

  /**
   * Likewise.
   *
   * @param padId the padding token, if not the tokenizer's
   */
  public static PairEncoder load(
      ModelDirectory directory, Prompt prompt, Pooling pooling, OptionalInt padId) {
    TokenizerFiles files = TokenizerFiles.read(directory);
    OptionalInt cutAt = TokenRule.cutByTokenizer(prompt);
    Tokenizer tokenizer = Tokenizer.load(directory, files, cutAt);
    try {
      TokenRule rule = TokenRule.of(prompt, files, tokenizer);
      return new PairEncoder(tokenizer, rule, pooling, padId.orElseGet(files::padId));
    } catch (RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  /** Encodes texts, as {@link Prompt#format} makes them, in their order. */
  public List<PairTokens> encode(List<String> texts) {
    return rule.encode(texts, tokenizer).stream()
        .map(tokens -> new PairTokens(pooling.cut(tokens.ids(), padId), tokens.truncated()))
        .toList();
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
