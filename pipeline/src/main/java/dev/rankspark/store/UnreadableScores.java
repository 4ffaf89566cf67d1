package dev.rankspark.store;

import dev.rankspark.InputException;
import dev.rankspark.files.FileFailures;
import dev.rankspark.files.Shown;
import java.io.IOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.Path;

/**
 * A file of scores that Spark could not read: it is damaged, or its file system broke off. Spark
 * does not ask again within one process.
 */
public final class UnreadableScores {
  /** A file of scores, and the store that it belongs to. */
  private static final Pattern SCORES =
      Pattern.compile("(.+)/[0-9a-f]{64}/scores/[0-9a-f-]{36}\\.parquet");

  private UnreadableScores() {}

  /**
   * What to do about a file that Spark cannot read, if it is one of a store's.
   *
   * @param file its full address
   * @param reason of the failure
   */
  public static Optional<InputException> of(Path file, String reason, Throwable failure) {
    Matcher scores = SCORES.matcher(Shown.path(file));
    return scores.matches()
        ? Optional.of(failed(scores.group(), scores.group(1), reason, failure))
        : Optional.empty();
  }

  /**
   * Runs a job that reads nothing but scores from files.
   *
   * @throws InputException if that fails in a file that Spark does not name
   */
  public static <T> T named(String store, Supplier<T> job) {
    try {
      return job.get();
    } catch (Exception e) { // Spark's are checked ones too, unseen by Java
      if (e instanceof IOException || isOfParquet(e)) {
        throw failed(store + ": a file of scores", store, FileFailures.reason(e), e);
      }
      throw e;
    }
  }

  /** Where the end of a file cannot be read, Spark does not say of which. */
  private static boolean isOfParquet(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      String message = String.valueOf(cause.getMessage());
      if (cause instanceof InputException
          || message.contains("reading file")
          || message.contains("converted in file")) {
        return false; // it is said already
      }
      if (message.contains("PATH_NOT_FOUND")
          || (cause.getCause() == null
              && Arrays.stream(cause.getStackTrace())
                  .anyMatch(frame -> frame.getClassName().startsWith("org.apache.parquet.")))) {
        return true;
      }
    }
    return false;
  }

  private static InputException failed(
      String file, String store, String reason, Throwable failure) {
    return new InputException(
        String.format(
            Locale.ROOT,
            "--score-store: %s cannot be read (%s); if the same command fails again, rankspark"
                + " store verify --repair %s sets aside what is damaged, and its pairs are scored"
                + " again",
            file,
            reason,
            store),
        failure);
  }
}
