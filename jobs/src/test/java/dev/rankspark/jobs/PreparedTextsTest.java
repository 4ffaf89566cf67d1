package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;

/** Two queries with a passage each, and what {@code prepare} makes of them. */
abstract class PreparedTextsTest extends RefusedCommandTest {
  Path output;
  Path queries;
  Path corpus;
  Path run;

  @BeforeEach
  void writeCandidates() throws IOException {
    output = outputs.resolve("out.jsonl");
    queries = write("queries.tsv", "310\twhy\n24\twhen\n");
    corpus =
        write("corpus.jsonl", passage("docid", "d1", "One", "a") + passage("docid", "d2", "", "b"));
    run = write("run.trec", "310 Q0 d1 1 0.5 t\n24 Q0 d2 1 0.5 t\n");
  }

  Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  static String passage(String id, String docid, String title, String text) {
    return "{\"%s\": \"%s\", \"title\": \"%s\", \"text\": \"%s\"}%n"
        .formatted(id, docid, title, text);
  }

  String prepared() {
    Cli.Result result = Cli.run(prepare("--overwrite"));
    assertThat(result.exitCode()).as(result.err()).isZero();
    return Cli.read(output);
  }

  List<String> prepare(String... more) {
    return Cli.prepare(queries, corpus, run, output, more);
  }

  /** After runs that were not. */
  @Override
  Cli.Result assertRefused(List<String> args, String... inLastLine) {
    try {
      Files.deleteIfExists(output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return super.assertRefused(args, inLastLine);
  }
}
