package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Outputs that cannot be written where they are asked for, or only in part. */
class UnwritableOutputTest extends RefusedCommandTest {
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
