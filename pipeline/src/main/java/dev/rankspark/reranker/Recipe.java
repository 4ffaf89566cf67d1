package dev.rankspark.reranker;

import dev.rankspark.checkpoint.TokenHead;
import dev.rankspark.prompt.Prompt;
import java.io.Serializable;

/**
 * What makes a score beside the model's weights.
 *
 * @param prompt how a pair becomes tokens
 * @param head rows of {@code lm_head} that are the head; {@link TokenHead#NONE} where the model has
 *     one
 * @param activation from the head's number to the score that is given
 * @param origin where prompt and head come from, for people
 */
public record Recipe(Prompt prompt, TokenHead head, Activation activation, String origin)
    implements Serializable {

  /** A model with a head of its own, whose number is the score. */
  public static Recipe of(Prompt prompt) {
    return new Recipe(prompt, TokenHead.NONE, Activation.IDENTITY, "the options");
  }
}
