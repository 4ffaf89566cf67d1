package dev.rankspark.jobs;

import dev.rankspark.DeviceException;
import dev.rankspark.OptionException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * Java reads arguments, paths and variables by the locale of its process, and without one it breaks
 * whatever is not ASCII, silently. {@code bin/rankspark} sets one; a process that was started
 * otherwise is refused where it matters.
 */
final class Utf8 {
  /** What Java puts where it could not read a character. */
  private static final String REPLACEMENT = "\uFFFD";

  private static final String REMEDY =
      "set LC_ALL=C.UTF-8 in its environment, or start it by bin/rankspark, which does";

  /** Of the environment, those whose values are paths of ours or of DJL. */
  private static final List<String> VARIABLES =
      List.of(
          "DJL_CACHE_DIR",
          "ENGINE_CACHE_DIR",
          "PYTORCH_LIBRARY_PATH",
          "RANKSPARK_DISTRIBUTED_LIBRARY");

  /** Whether there was an argument that an executor may read as something else. */
  private static volatile boolean matters;

  private Utf8() {}

  /**
   * @param args of a command
   * @throws OptionException naming the first argument that Java cannot have read as it was given
   */
  static void check(String... args) {
    boolean byLocale = !isUtf8(encoding());
    for (int i = 0; i < args.length; i++) {
      matters |= !isAscii(args[i]);
      boolean isBroken = args[i].contains(REPLACEMENT);
      if (isBroken || (byLocale && !isAscii(args[i]))) {
        throw OptionException.of(
            "%s: \"%s\" %s: %s",
            name(args, i), args[i], isBroken ? broken() : "cannot be trusted" + reader(), REMEDY);
      }
    }
    Map<String, String> places = new TreeMap<>();
    places.put("the working directory", System.getProperty("user.dir"));
    places.put("the temporary folder", System.getProperty("java.io.tmpdir"));
    VARIABLES.forEach(name -> places.put(name, System.getenv().getOrDefault(name, "")));
    places.forEach(
        (name, value) -> {
          if (value.contains(REPLACEMENT)) {
            throw OptionException.of("%s: \"%s\" %s: %s", name, value, broken(), REMEDY);
          }
        });
  }

  /**
   * Asks an executor of a cluster, if there is anything to ask for.
   *
   * @throws DeviceException if it reads paths by another encoding and an argument is not ASCII
   */
  static void checkExecutors(SparkSession spark) {
    if (!matters || spark.sparkContext().isLocal()) {
      return;
    }
    String encoding =
        JavaSparkContext.fromSparkContext(spark.sparkContext())
            .parallelize(List.of(1), 1)
            .map(ignored -> encoding())
            .first();
    if (!isUtf8(encoding)) {
      throw new DeviceException(
          "an executor's Java reads paths as "
              + encoding
              + ", and an argument is not ASCII: set spark.executorEnv.LC_ALL to a UTF-8 locale that"
              + " the executors' machines have");
    }
  }

  /** The locale for executors: the driver's, or the one that most systems have. */
  static String locale() {
    String locale = System.getenv().getOrDefault("LC_ALL", "");
    return isUtf8(locale.replaceFirst("^[^.]*\\.", "")) ? locale : "C.UTF-8";
  }

  private static String name(String[] args, int i) {
    int value = args[i].indexOf('=');
    if (args[i].startsWith("--") && value > 0) {
      return args[i].substring(0, value);
    }
    return i > 0 && args[i - 1].startsWith("-") ? args[i - 1] : "argument " + (i + 1);
  }

  private static String broken() {
    return "holds a character that could not be read" + reader();
  }

  private static String reader() {
    return isUtf8(encoding()) ? " as UTF-8" : ", this Java reads " + encoding();
  }

  private static String encoding() {
    return System.getProperty("sun.jnu.encoding", "");
  }

  private static boolean isUtf8(String encoding) {
    return encoding.equalsIgnoreCase("UTF-8") || encoding.equalsIgnoreCase("UTF8");
  }

  private static boolean isAscii(String text) {
    return StandardCharsets.US_ASCII.newEncoder().canEncode(text);
  }
}
