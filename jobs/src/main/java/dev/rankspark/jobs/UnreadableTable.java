package dev.rankspark.jobs;

import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import dev.rankspark.store.ScoreStore;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.Path;
import org.apache.spark.paths.SparkPath;

/** A Parquet file that breaks while Spark reads it: damaged within, whatever its end says. */
final class UnreadableTable {
  private static final Pattern SPARKS =
      Pattern.compile(
          "Encountered error while reading file (\\S+?)\\.? Details:.*", Pattern.DOTALL);

  private UnreadableTable() {}

  /** The error for a person, if Spark's error is that one. */
  static Optional<Throwable> of(Throwable error) {
    for (Throwable e = error; e != null; e = e.getCause()) {
      Matcher sparks = SPARKS.matcher(String.valueOf(e.getMessage()));
      if (sparks.find()) {
        Throwable root = e;
        while (root.getCause() != null) {
          root = root.getCause();
        }
        Path file = SparkPath.fromUrlString(sparks.group(1)).toPath();
        Throwable cause = root;
        return Optional.of(
            ScoreStore.unreadable(file, cause)
                .orElseGet(
                    () ->
                        new InputException(
                            Shown.path(file)
                                + " cannot be read, it may be damaged ("
                                + cause.getMessage()
                                + "); copy or download it again",
                            error)));
      }
    }
    return Optional.empty();
  }
}
