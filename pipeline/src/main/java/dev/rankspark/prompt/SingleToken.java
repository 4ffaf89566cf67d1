package dev.rankspark.prompt;

import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.files.Shown;
import java.util.Arrays;
import java.util.OptionalInt;

/** The token of a word that a model answers with. */
public final class SingleToken {
  private SingleToken() {}

  /**
   * The word's id.
   *
   * @param option that names the word, for messages
   * @throws InputException if it is no token of the vocabulary, or several
   */
  public static int id(ModelDirectory directory, String word, String option) {
    TokenizerFiles files = TokenizerFiles.read(directory);
    try (Tokenizer tokenizer = Tokenizer.load(directory, files, OptionalInt.empty())) {
      long[] ids = tokenizer.ids(word);
      if (ids.length != 1 || files.isUnknown(ids[0])) {
        throw InputException.of(
            "%s: the vocabulary of %s has no single token for \"%s\": expected one, got %s",
            option,
            directory.path(),
            Shown.text(word),
            ids.length == 1 ? "the unknown one" : Arrays.toString(ids));
      }
      return (int) ids[0];
    }
  }
}
