package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bin/rankspark} with its own, embedded Spark. */
class LauncherIT {
  private static final Path HOME = Path.of(System.getProperty("rankspark.home"));

  @TempDir private Path folder;

  @Test
  void afterTheFirstCommandSparksClassesComeFromAnArchive() throws Exception {
    rankspark("-Xlog:disable");
    Path loaded = folder.resolve("classes.log");

    String output = rankspark("-Xlog:class+load:file=" + loaded);

    assertThat(output).matches("rankspark \\S+\\R");
    assertThat(Files.readAllLines(loaded))
        .anyMatch(
            line ->
                line.contains("org.apache.spark.deploy.SparkSubmit source: shared objects file"));
  }

  /** What {@code bin/rankspark --version} prints under a Java with one more option. */
  private String rankspark(String javaOption) throws Exception {
    return PythonIT.run(
        folder,
        Map.of("SPARK_HOME", "", "JAVA_TOOL_OPTIONS", javaOption),
        HOME.resolve("bin/rankspark").toString(),
        "--version");
  }
}
