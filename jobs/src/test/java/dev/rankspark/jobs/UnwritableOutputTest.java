package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Outputs that exist, cannot be written, or only in part. */
class UnwritableOutputTest extends RefusedCommandTest {
  @Test
  void anOutputThatExists() throws IOException {
    Path output = Files.writeString(outputs.resolve("run.txt"), "precious");
    Cli.Result result = Cli.run(rerank("--dataset-path", input()));
    assertThat(result.exitCode()).isEqualTo(Main.INPUT);
    assertThat(result.lastLine()).contains(output.toString()).contains("--overwrite");
    assertThat(output).hasContent("precious");
  }

  @Test
  void aFolderWhereAFileIsExpectedAndTheOtherWay() throws IOException {
    Path empty = Files.createDirectory(folder.resolve("empty.jsonl"));
    assertRefused(rerank("--dataset-path", empty), Main.INPUT, empty + " has no files");
    assertRefused(
        rerank("--model-name-or-path", input()),
        Main.INPUT,
        input() + " is a file: --model-name-or-path takes a directory");
    assertRefused(
        rerank("--dtype", Path.of("float32"), "--qrels", folder.toString()),
        Main.INPUT,
        folder + " is a directory; expected a file");
    assertRefused(
        List.of("convert", "--input", folder.toString(), "--output", outputs + "/x"),
        Main.INPUT,
        folder + " is a directory; expected a file");
    assertRefused(
        List.of("convert", "--input", input().toString(), "--output", folder.toString()),
        Main.INPUT,
        folder + " is a directory; expected a file to write");
    assertRefused(rerank("--rerank-output-path", folder), Main.INPUT, folder + " is a directory");
    assertRefused(
        rerank("--rerank-output-path", input().resolve("run.txt")),
        Main.INPUT,
        input() + " is a file");
  }

  @Test
  void anOutputThatCannotBeWritten() {
    Path proc = Path.of("/proc/run.txt"); // read-only to root as well
    assertRefused(rerank("--rerank-output-path", proc), Main.INPUT, proc + " cannot be written: ");
    assertRefused(
        List.of("convert", "--input", Cli.reference("data/run.trec"), "--output", proc.toString()),
        Main.INPUT,
        proc + " cannot be written: ");
  }

  @Test
  void aDiskThatIsFull() {
    FaultyFileSystem.install(
        Cli.startSpark().sparkContext().hadoopConfiguration(), /* capacity= */ 200, "");
    Path run = Path.of("faulty:" + outputs + "/run.txt");
    assertRefused(
        rerank("--rerank-output-path", run),
        Main.INPUT,
        run + " cannot be written: No space left on device");
    Path input = Path.of("faulty:" + outputs + "/input.jsonl");
    assertRefused(
        Cli.prepare(
            Cli.reference("data/queries.tsv"),
            Cli.reference("data/corpus.jsonl"),
            Cli.reference("data/run.trec"),
            input),
        Main.INPUT,
        input + " cannot be written: No space left on device");
  }

  @Test
  void aSecondOutputThatFailsAfterTheFirstAppeared() {
    FaultyFileSystem.install(
        Cli.startSpark().sparkContext().hadoopConfiguration(), 1 << 20, "run.trec");
    Cli.Result result =
        Cli.run(
            rerank(
                "--dtype",
                Path.of("float32"),
                "--trec-output-path",
                "faulty:" + outputs + "/run.trec"));
    assertThat(result.exitCode()).as(result.err()).isEqualTo(Main.PARTLY_DONE);
    assertThat(result.lastLine())
        .contains(
            outputs + "/run.txt was written, but faulty:" + outputs + "/run.trec cannot be written",
            "the command with --overwrite writes both");
    assertThat(outputs.toFile().list()).containsExactly("run.txt");
  }
}
