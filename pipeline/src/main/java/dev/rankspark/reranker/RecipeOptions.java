package dev.rankspark.reranker;

import dev.rankspark.OptionException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * What a user says of a reranker's prompt and head, where the model's files or its name do not.
 *
 * @param prompt {@code --prompt}: the published prompt to use, by its name, or {@value #TEVATRON}
 * @param instruction {@code --instruction}: in place of the prompt's own
 * @param trueToken {@code --true-token}: the word whose logit is the score
 * @param falseToken {@code --false-token}: the word whose logit is taken off
 * @param maxLength {@code --rerank-max-len}, if it was given
 * @param score {@code --score}
 */
public record RecipeOptions(
    Optional<String> prompt,
    Optional<String> instruction,
    Optional<String> trueToken,
    Optional<String> falseToken,
    OptionalInt maxLength,
    Score score) {
  /** Tevatron's pair text, with prefixes that are options. */
  public static final String TEVATRON = "tevatron";

  /** Nothing said: what the files or the name say. */
  public static final RecipeOptions NONE =
      new RecipeOptions(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          OptionalInt.empty(),
          Score.RAW);

  /** Nothing said but a length. */
  public static RecipeOptions ofLength(int maxLength) {
    return new RecipeOptions(
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        OptionalInt.of(maxLength),
        Score.RAW);
  }

  /** Which score is given. */
  public enum Score {
    /** The head's own number, of the finest steps. */
    RAW,
    /** With the publisher's sigmoid or scaling. */
    PUBLISHED;

    /** As {@code --score} has it. */
    public static Score parse(String value) {
      return Stream.of(values())
          .filter(score -> score.name().toLowerCase(Locale.ROOT).equals(value))
          .findFirst()
          .orElseThrow(
              () -> OptionException.of("--score: expected raw or published, got %s", value));
    }
  }

  public RecipeOptions {
    if (falseToken.isPresent() && trueToken.isEmpty()) {
      throw OptionException.of("--false-token has no meaning without --true-token");
    }
    List<String> names = names();
    if (prompt.isPresent() && !names.contains(prompt.get())) {
      throw OptionException.of(
          "--prompt: expected one of %s, got %s", String.join(", ", names), prompt.get());
    }
  }

  /** What {@code --prompt} takes. */
  public static List<String> names() {
    return Stream.concat(
            Stream.of(TEVATRON), Stream.of(PublishedPrompt.values()).map(PublishedPrompt::title))
        .toList();
  }
}
