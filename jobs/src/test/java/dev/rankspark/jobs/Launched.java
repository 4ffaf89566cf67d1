package dev.rankspark.jobs;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A process of {@code bin/rankspark}, or of a command that runs it, and what it left. */
final class Launched implements AutoCloseable {
  static final Path HOME = Path.of(System.getProperty("rankspark.home"));
  static final String LAUNCHER = HOME.resolve("bin/rankspark").toString();

  private final Process process;
  private final Path output;

  private Launched(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  /**
   * Starts a command in a folder.
   *
   * @param environment on top of this process's; an empty value takes a variable away
   */
  static Launched start(Path folder, Map<String, String> environment, List<String> command)
      throws IOException {
    Path output = Files.createTempFile("rankspark", ".log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectInput(new File("/dev/null")) // a shell of Spark ends with its input
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    builder.environment().remove("SPARK_HOME");
    environment.forEach(
        (name, value) -> {
          if (value.isEmpty()) {
            builder.environment().remove(name);
          } else {
            builder.environment().put(name, value);
          }
        });
    return new Launched(builder.start(), output);
  }

  static Cli.Result run(Path folder, Map<String, String> environment, List<String> command)
      throws Exception {
    try (Launched launched = start(folder, environment, command)) {
      return launched.await();
    }
  }

  static List<String> words(String... words) {
    return new ArrayList<>(List.of(words));
  }

  Process process() {
    return process;
  }

  Cli.Result await() throws Exception {
    if (!process.waitFor(5, TimeUnit.MINUTES)) {
      throw new IllegalStateException("still running:\n" + output());
    }
    return new Cli.Result(process.exitValue(), "", output());
  }

  private String output() throws IOException {
    return Files.readString(output, StandardCharsets.UTF_8);
  }

  @Override
  public void close() throws IOException {
    process.destroyForcibly();
    Files.delete(output);
  }
}
