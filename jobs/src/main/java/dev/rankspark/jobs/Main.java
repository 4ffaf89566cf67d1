package dev.rankspark.jobs;

import java.io.PrintWriter;

/**
 * The main class of the jar, for {@code spark-submit}, {@code bin/rankspark} and notebooks alike.
 * It is the only one that the build compiles for Java 8: a cluster of an older Java loads it, and
 * gets a line rather than what Java says of the first class that it cannot read.
 */
public final class Main {
  static final int INTERNAL = 1;
  static final int USAGE = 2;
  static final int INPUT = 3;
  static final int PARTLY_DONE = 4;
  static final int DEVICE = 5;
  static final int DIFFERENT = 6;

  /** What Spark 3.5 and we need. */
  private static final int OLDEST = 17;

  /** Hadoop's login fails under later ones. */
  private static final int NEWEST = 22;

  private Main() {}

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] args) {
    String wrong = wrongJava();
    if (!wrong.isEmpty()) {
      System.err.println(wrong);
      System.exit(DEVICE);
    }
    Commands.runToTheEnd(args);
  }

  /**
   * Runs one command.
   *
   * @param out results, such as measures
   * @param err everything else; its last line says what went wrong
   * @return the exit code
   */
  public static int execute(String[] args, PrintWriter out, PrintWriter err) {
    String wrong = wrongJava();
    if (!wrong.isEmpty()) {
      err.println(wrong);
      err.flush();
      return DEVICE;
    }
    return Commands.execute(args, out, err);
  }

  private static String wrongJava() {
    String version = System.getProperty("java.specification.version");
    int java = Integer.parseInt(version.substring(version.lastIndexOf('.') + 1)); // 1.8, 11
    if (java >= OLDEST && java <= NEWEST) {
      return "";
    }
    return "rankspark: needs a JDK from "
        + OLDEST
        + " to "
        + NEWEST
        + "; "
        + System.getProperty("java.home")
        + " is Java "
        + System.getProperty("java.version")
        + "; set JAVA_HOME to another, on a cluster also spark.executorEnv.JAVA_HOME";
  }
}
