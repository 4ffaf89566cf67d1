package dev.rankspark.jobs;

import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import dev.rankspark.store.UnreadableScores;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.Path;
import org.apache.spark.paths.SparkPath;

/** A Parquet file that breaks while Spark reads it: damaged within, whatever its end says. */
final class UnreadableTable {
  private static final Pattern SPARKS =
      Pattern.compile(
          "(?:Encountered error while reading file|Parquet column cannot be converted in file)"
              + " (\\S+?)\\.? (?:Details|Column):(.*)",
          Pattern.DOTALL);

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
        String reason = root.getMessage() == null ? sparks.group(2).strip() : root.getMessage();
        return Optional.of(
            UnreadableScores.of(file, reason, error)
                .orElseGet(
                    () ->
                        new InputException(
                            Shown.path(file)
                                + " cannot be read, it may be damaged ("
                                + reason
                                + "); copy or download it again",
                            error)));
      }
    }
    return Optional.empty();
  }
}
