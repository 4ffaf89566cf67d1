package dev.rankspark.jobs.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A process of Spark's own classes, with nothing but Spark on its class path. */
final class SparkProcess implements AutoCloseable {
  private final Process process;
  private final Path out;
  private final Path err;

  private SparkProcess(Process process, Path out, Path err) {
    this.process = process;
    this.out = out;
    this.err = err;
  }

  /**
   * Starts a process.
   *
   * @param logs where its output goes, as {@code name.out} and {@code name.err}
   * @param jvmOptions for {@code SparkSubmit} alone
   * @param arguments main class and its arguments
   */
  static SparkProcess start(
      SparkHome spark, Path logs, String name, List<String> jvmOptions, List<String> arguments) {
    try {
      Files.createDirectories(logs);
      Path out = logs.resolve(name + ".out");
      Path err = logs.resolve(name + ".err");
      ProcessBuilder builder =
          spark
              .process(jvmOptions, arguments)
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      builder
          .environment()
          .putAll(
              Map.of(
                  "SPARK_LOCAL_IP",
                  "127.0.0.1",
                  // As bin/rankspark starts a driver, and as a container without a locale has it.
                  "LC_ALL",
                  name.startsWith("job") ? "C.UTF-8" : "C"));
      return new SparkProcess(builder.start(), out, err);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits until its log has a text. */
  SparkProcess awaitLog(String text, Duration limit) {
    long end = System.nanoTime() + limit.toNanos();
    while (!err().contains(text)) {
      if (!process.isAlive() || System.nanoTime() > end) {
        close();
        throw new IllegalStateException("no \"" + text + "\" in its log:\n" + err());
      }
      sleep(100);
    }
    return this;
  }

  /** Waits for its end; kills it after the limit. */
  int awaitExit(Duration limit) {
    try {
      if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        close();
        throw new IllegalStateException(
            String.format(Locale.ROOT, "still running after %s:%n%s", limit, err()));
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      close();
      throw new IllegalStateException(e);
    }
  }

  ProcessHandle handle() {
    return process.toHandle();
  }

  String out() {
    return read(out);
  }

  String err() {
    return read(err);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Kills the process and those it started. */
  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
