package dev.rankspark.files;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What the user named by one option.
 *
 * @param option the option's name, for messages
 * @param paths files, globs and folders on any Hadoop path
 * @param split which files of a folder are meant, as Hugging Face's {@code datasets} tells them
 *     apart; empty for all
 * @param content what they hold, which tells a folder's files apart too
 */
public record InputPaths(
    String option, List<String> paths, Optional<String> split, Content content) {

  /** What files hold, and the words by which their names say so. */
  @SuppressWarnings("ImmutableEnumChecker") // a list that cannot change
  public enum Content {
    QUERIES("queries", "query", "topics"),
    CORPUS("corpus", "collection", "passages", "documents", "docs"),
    /** Whatever is there. */
    ANY;

    private static final String QRELS = "qrels";

    private final List<String> words;

    Content(String... words) {
      this.words = List.of(words);
    }

    List<String> words() {
      return words;
    }

    /** The words of names that say that a file holds something else. */
    List<String> others() {
      return switch (this) {
        case QUERIES -> Stream.concat(CORPUS.words.stream(), Stream.of(QRELS)).toList();
        case CORPUS -> Stream.concat(QUERIES.words.stream(), Stream.of(QRELS)).toList();
        case ANY -> List.of();
      };
    }

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public InputPaths {
    paths = List.copyOf(paths);
  }

  /** Files, globs and folders, all of them. */
  public static InputPaths of(String option, List<String> paths) {
    return new InputPaths(option, paths, Optional.empty(), Content.ANY);
  }

  /** One split of a data set that lies in a folder; a file is the split itself. */
  public static InputPaths ofSplit(String option, String folder, String split) {
    return new InputPaths(option, List.of(folder), Optional.of(split), Content.ANY);
  }

  /** The same, which hold nothing else than that. */
  public InputPaths holding(Content only) {
    return new InputPaths(option, paths, split, only);
  }

  public boolean isEmpty() {
    return paths.isEmpty();
  }

  /** For people. */
  @Override
  public String toString() {
    return String.join(", ", paths) + split.map(name -> " (split " + name + ")").orElse("");
  }
}
