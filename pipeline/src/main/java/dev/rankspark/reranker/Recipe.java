package dev.rankspark.reranker;

import dev.rankspark.checkpoint.TokenHead;
import dev.rankspark.prompt.Prompt;
import java.io.Serializable;
import java.util.List;

/**
 * What makes a score beside the model's weights.
 *
 * @param prompt how a pair becomes tokens
 * @param head rows of {@code lm_head} that are the head; {@link TokenHead#NONE} where the model has
 *     one
 * @param activation from the head's number to the score that is given
 * @param title of the prompt, and where it comes from, for people
 * @param isAskedFor whether the options say so, and not the model's files or name
 */
public record Recipe(
    Prompt prompt, TokenHead head, Activation activation, String title, boolean isAskedFor)
    implements Serializable {

  /** A model with a head of its own, whose number is the score. */
  public static Recipe of(Prompt prompt) {
    return new Recipe(prompt, TokenHead.NONE, Activation.IDENTITY, "prompt tevatron", true);
  }

  /** What a user is to know who has not asked for it, one line each. */
  public List<String> notes() {
    return isAskedFor ? List.of() : List.of(title + "; the scores are " + activation.title());
  }
}
