package dev.rankspark.checkpoint;

import java.io.Serializable;

/**
 * The head of a causal language model that answers with one of two words: its score is the logit of
 * the first less that of the second, or the logit of the first alone.
 *
 * @param trueId the word's token, such as that of {@code yes}
 * @param falseId {@link #NO_TOKEN} if the other word's logit is not taken off
 */
public record TokenHead(int trueId, int falseId) implements Serializable {
  public static final int NO_TOKEN = -1;

  /** The model has a head of its own, {@code score.weight}. */
  public static final TokenHead NONE = new TokenHead(NO_TOKEN, NO_TOKEN);

  /** Whether there is a first word. */
  public boolean isPresent() {
    return trueId != NO_TOKEN;
  }

  /** Whether there is a second word. */
  public boolean hasFalse() {
    return falseId != NO_TOKEN;
  }
}
