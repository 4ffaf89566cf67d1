package dev.rankspark.cluster;

import dev.rankspark.DeviceException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which Sparks the classes of this library fit: they are compiled against one, and the build looks
 * up in the jars of others all that they ask for.
 */
public final class SparkVersion {
  /** Vendors append their own: {@code 3.5.6-amzn-0}. */
  private static final Pattern NUMBERS = Pattern.compile("(\\d+)\\.(\\d+)\\b.*");

  private SparkVersion() {}

  /**
   * Checks the Spark of this process.
   *
   * @throws DeviceException if it is another one, before anything fails for want of a method
   */
  public static void check() {
    check(org.apache.spark.package$.MODULE$.SPARK_VERSION());
  }

  static void check(String version) {
    Matcher numbers = NUMBERS.matcher(version);
    if (!numbers.matches()
        || !fits(Integer.parseInt(numbers.group(1)), Integer.parseInt(numbers.group(2)))) {
      throw new DeviceException(
          "this Spark is "
              + version
              + ", expected 3.5 or 4.x; set SPARK_HOME to one of these, or unset it: bin/rankspark"
              + " brings its own");
    }
  }

  private static boolean fits(int major, int minor) {
    return major == 4 || (major == 3 && minor >= 5);
  }
}
