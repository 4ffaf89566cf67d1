package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.io.FileUtils;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * A command that is refused: one clear last line on standard error, an exit code, no stack trace,
 * and not a byte of output.
 */
abstract class RefusedCommandTest {
  @TempDir Path folder;

  /** Where outputs go, so that anything half-written shows. */
  Path outputs;

  @BeforeEach
  void makeOutputFolder() throws IOException {
    outputs = Files.createDirectory(folder.resolve("outputs"));
  }

  Cli.Result assertRefused(List<String> args, String... inLastLine) {
    return assertRefused(args, Main.INPUT, inLastLine);
  }

  Cli.Result assertRefused(List<String> args, int code, String... inLastLine) {
    Cli.Result result = Cli.run(args);
    assertThat(result.exitCode()).as(result.err()).isEqualTo(code);
    assertThat(result.lastLine()).startsWith("rankspark: ").contains(inLastLine);
    assertThat(result.err()).doesNotContain("\tat ");
    assertThat(outputs).isEmptyDirectory();
    return result;
  }

  /** A {@code rerank} that works, with one option's value replaced. */
  List<String> rerank(String option, Object value, String... more) {
    List<String> args = Cli.rerank(input(), outputs.resolve("run.txt"), more);
    set(args, option, value);
    return args;
  }

  /** The same of candidates. */
  List<String> triple(String option, Object value) {
    List<String> args = rerank("--dtype", "float32");
    int at = args.indexOf("--dataset-path");
    args.subList(at, at + 2).clear();
    List<String> candidates =
        Cli.candidates(
            "rerank",
            Cli.reference("data/queries.tsv"),
            Cli.reference("data/corpus.jsonl"),
            Cli.reference("data/run.trec"));
    args.addAll(candidates.subList(1, candidates.size()));
    args.addAll(List.of("--depth", "10"));
    set(args, option, value);
    return args;
  }

  private static void set(List<String> args, String option, Object value) {
    args.set(args.indexOf(option) + 1, value.toString());
  }

  static Path input() {
    return Path.of(Cli.reference("expected/rerank_input.jsonl"));
  }

  Path copy(String name) throws IOException {
    Path source = Path.of(Cli.reference(name));
    return Files.copy(source, folder.resolve(source.getFileName()));
  }

  Path copyFolder(String name) throws IOException {
    Path target = folder.resolve(name);
    FileUtils.copyDirectory(Path.of(Cli.reference(name)).toFile(), target.toFile());
    return target;
  }

  /**
   * @param number from 1
   */
  static void replaceLine(Path file, int number, String line) throws IOException {
    List<String> lines = new ArrayList<>(Files.readAllLines(file));
    lines.set(number - 1, line);
    Files.write(file, lines);
  }
}
