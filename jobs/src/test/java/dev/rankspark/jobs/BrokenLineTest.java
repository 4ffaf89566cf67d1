package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every reader of lines: a line that is not what is expected is named by its file and its number,
 * wherever it stands and however the file is written.
 */
class BrokenLineTest extends RefusedCommandTest {
  /** A file of lines, the option that names it, and a line that it may not have. */
  enum Read {
    RUN("--retrieval-results", "data/run.trec", "q1 Q0 d1"),
    RUN_TO_CONVERT("--input", "data/run.trec", "q1 Q0 d1 1 high tag"),
    QUERIES("--queries", "data/queries.tsv", "q1"),
    CORPUS("--corpus", "data/corpus.jsonl", "{\"docid\": \"d1\"}"),
    RERANK_INPUT("--dataset-path", "expected/rerank_input.jsonl", "{\"query\": \"a\"}"),
    QRELS("--qrels", "data/qrels.txt", "q1 0 d1"),
    TRAINING_DATA("--dataset-path", null, "{\"query_id\": \"q1\", \"query\": \"a\"}");

    private final String option;
    private final String reference;
    private final String broken;
    private final String extension;

    Read(String option, String reference, String broken) {
      this.option = option;
      this.reference = reference;
      this.broken = broken;
      this.extension = broken.startsWith("{") ? ".jsonl" : ".txt";
    }
  }

  @ParameterizedTest
  @EnumSource
  void isNamed(Read read) throws IOException {
    List<String> good = lines(read);
    for (int number : List.of(1, 2, good.size())) {
      if (number == 1 && read == Read.QRELS) {
        continue; // a first line of other words is a header
      }
      List<String> lines = new ArrayList<>(good);
      lines.set(number - 1, read.broken);
      assertNamed(read, write("plain" + read.extension, String.join("\n", lines) + "\n"), number);
    }
  }

  @ParameterizedTest
  @EnumSource
  void isNamedInAFileOfAnotherKind(Read read) throws IOException {
    List<String> lines = new ArrayList<>(lines(read));
    int number = lines.size() / 2;
    lines.set(number - 1, read.broken);
    assertNamed(
        read, write("windows" + read.extension, "\ufeff" + String.join("\r\n", lines)), number);
    assertNamed(
        read, write("packed" + read.extension + ".gz", String.join("\n", lines) + "\n"), number);
  }

  private void assertNamed(Read read, Path file, int number) {
    Cli.Result result = assertRefused(command(read, file), file + ":" + number + ": ");
    assertThat(result.lastLine()).contains("expected");
  }

  private List<String> lines(Read read) throws IOException {
    return Files.readAllLines(
        read == Read.TRAINING_DATA
            ? TrainingFiles.write(folder.resolve("train.jsonl"))
            : Path.of(Cli.reference(read.reference)));
  }

  private List<String> command(Read read, Path file) {
    return switch (read) {
      case RUN, QUERIES, CORPUS -> triple(read.option, file);
      case RUN_TO_CONVERT ->
          List.of("convert", read.option, file.toString(), "--output", outputs + "/run.txt");
      case RERANK_INPUT -> rerank(read.option, file);
      case QRELS -> Cli.rerank(input(), outputs.resolve("run.txt"), read.option, file.toString());
      case TRAINING_DATA -> TrainingFiles.train(file, outputs.resolve("trained"));
    };
  }

  private Path write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    try (OutputStream out = Files.newOutputStream(file);
        OutputStream packed = name.endsWith(".gz") ? new GZIPOutputStream(out) : out) {
      packed.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return file;
  }
}
