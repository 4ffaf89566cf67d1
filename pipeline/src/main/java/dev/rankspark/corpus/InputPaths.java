package dev.rankspark.corpus;

import java.util.List;
import java.util.Optional;

/**
 * What the user named by one option.
 *
 * @param option the option's name, for messages
 * @param paths files, globs and folders on any Hadoop path
 * @param split which files of a folder are meant, as Hugging Face's {@code datasets} tells them
 *     apart; empty for all
 */
public record InputPaths(String option, List<String> paths, Optional<String> split) {
  public InputPaths {
    paths = List.copyOf(paths);
  }

  /** Files, globs and folders, all of them. */
  public static InputPaths of(String option, List<String> paths) {
    return new InputPaths(option, paths, Optional.empty());
  }

  /** One split of a data set that lies in a folder; a file is the split itself. */
  public static InputPaths ofSplit(String option, String folder, String split) {
    return new InputPaths(option, List.of(folder), Optional.of(split));
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
