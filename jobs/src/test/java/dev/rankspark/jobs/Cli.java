package dev.rankspark.jobs;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.SparkSession;

/** The command line in this process, under one local Spark of two slots for all tests. */
public final class Cli {
  private static SparkSession spark;

  private Cli() {}

  /** What a command left. */
  public record Result(int exitCode, String out, String err) {
    /** The last line of standard error: the one that says what went wrong. */
    public String lastLine() {
      List<String> lines = err.lines().toList();
      return lines.isEmpty() ? "" : lines.get(lines.size() - 1);
    }
  }

  public static Result run(String... args) {
    startSpark();
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Main.execute(args, new PrintWriter(out), new PrintWriter(err));
    return new Result(code, out.toString(), err.toString());
  }

  /** Arguments that stay the same, then those that change. */
  public static Result run(List<String> first, String... more) {
    List<String> args = new ArrayList<>(first);
    args.addAll(List.of(more));
    return run(args.toArray(String[]::new));
  }

  /**
   * The arguments of {@code prepare} or {@code rerank} that name candidates; they may be added to.
   */
  public static List<String> candidates(String command, Object queries, Object corpus, Object run) {
    return with(
        List.of(command),
        "--queries",
        queries.toString(),
        "--corpus",
        corpus.toString(),
        "--retrieval-results",
        run.toString());
  }

  /** The arguments of {@code prepare}. */
  public static List<String> prepare(
      Object queries, Object corpus, Object run, Object output, String... more) {
    List<String> args = candidates("prepare", queries, corpus, run);
    args.addAll(List.of("--output-path", output.toString()));
    args.addAll(List.of(more));
    return args;
  }

  /** The arguments of {@code rerank}, of rerank input by the reference's adapter in float32. */
  public static List<String> rerank(Object input, Object output, String... more) {
    List<String> args =
        with(
            List.of("rerank"),
            "--model-name-or-path",
            reference("base"),
            "--lora-name-or-path",
            reference("adapter"),
            "--dtype",
            "float32",
            "--dataset-path",
            input.toString(),
            "--rerank-output-path",
            output.toString());
    args.addAll(List.of(more));
    return args;
  }

  /** A copy with more arguments. */
  public static List<String> with(List<String> args, String... more) {
    List<String> all = new ArrayList<>(args);
    all.addAll(List.of(more));
    return all;
  }

  /** The session that all tests share. */
  public static synchronized SparkSession startSpark() {
    if (spark == null) {
      spark =
          SparkSession.builder()
              .master("local[2]")
              .appName("rankspark tests")
              .config("spark.ui.enabled", "false")
              .config("spark.sql.shuffle.partitions", "3")
              .getOrCreate();
    }
    return spark;
  }

  /** A file of the project's own reference data. */
  public static String reference(String name) {
    return Path.of(System.getProperty("rankspark.home"), "reference", name).toString();
  }

  public static String read(Path file) {
    try {
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
