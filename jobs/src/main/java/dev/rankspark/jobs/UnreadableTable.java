package dev.rankspark.jobs;

import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
        return Optional.of(
            new InputException(
                Shown.path(SparkPath.fromUrlString(sparks.group(1)).toPath())
                    + " cannot be read, it may be damaged ("
                    + root.getMessage()
                    + "); copy or download it again",
                error));
      }
    }
    return Optional.empty();
  }
}
