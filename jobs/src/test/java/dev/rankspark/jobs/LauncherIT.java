package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
  private static String rankspark(String javaOption) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(HOME.resolve("bin/rankspark").toString(), "--version")
            .redirectError(ProcessBuilder.Redirect.DISCARD);
    builder.environment().remove("SPARK_HOME");
    builder.environment().put("JAVA_TOOL_OPTIONS", javaOption);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).isZero();
    return output;
  }
}
