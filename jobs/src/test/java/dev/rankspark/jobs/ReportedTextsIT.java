package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Queries, passages and pairs that users reported, which lie outside this repository: each in a
 * form of its own, with the result of the plain one or an error that says where and what.
 */
@Tag("conformance")
class ReportedTextsIT {
  private static Path reports;

  @TempDir private Path folder;

  private Path outputs;
  private Path output;

  @BeforeAll
  static void findReports() {
    reports = Path.of(System.getProperty("rankspark.shared"), "reports");
    assertThat(reports).isDirectory();
  }

  @BeforeEach
  void makeOutputFolder() throws IOException {
    outputs = Files.createDirectory(folder.resolve("outputs"));
    output = outputs.resolve("out");
  }

  @Test
  void beir() {
    String plain = scores("queries.tsv", "corpus.jsonl");
    assertThat(scores("beir/queries.jsonl", "beir/corpus.jsonl")).isEqualTo(plain);
    assertThat(scores("beir", "beir")).isEqualTo(plain);
  }

  @Test
  void documentsOfMsMarco() throws IOException {
    assertThat(scores("queries.tsv", "files/msmarco-docs.tsv"))
        .isEqualTo(scores("queries.tsv", "corpus.jsonl"));
  }

  @Test
  void zstd() {
    assertThat(scores("queries.tsv", "files/corpus.jsonl.zst"))
        .isEqualTo(scores("queries.tsv", "corpus.jsonl"));
  }

  @Test
  void aCutFile() {
    assertRefused(
        prepare("queries.tsv", "files/corpus.cut.jsonl.gz"), "corpus.cut.jsonl.gz is cut: it ends");
  }

  @Test
  void anArray() {
    assertRefused(
        prepare("queries.tsv", "files/corpus.json"),
        "corpus.json:1: expected JSON lines, one object on each line, got a JSON array");
  }

  @Test
  void aThirdColumn() {
    assertRefused(
        prepare("files/queries3.tsv", "corpus.jsonl"),
        "queries3.tsv:1: expected \"qid\\ttext\", got 3 columns");
  }

  @Test
  void nanIsAMissingTitle() throws IOException {
    Path without =
        Files.writeString(
            folder.resolve("in.jsonl"),
            Files.readString(reports.resolve("ids/nan.jsonl"))
                .replace("\"title\": NaN", "\"title\": \"\""));
    assertThat(rerank(reports.resolve("ids/nan.jsonl"))).isEqualTo(rerank(without));
  }

  @Test
  void idsOfAnotherKind() {
    assertRefused(
        prepare("ids/qfloat.parquet", "corpus.jsonl"),
        "none of the 2 queries of --retrieval-results",
        "the run has \"24\", \"310\", the other \"24.0\", \"310.0\"");
  }

  /** Of all queries and passages, by a small model. */
  private String scores(String queries, String corpus) {
    List<String> args = new ArrayList<>(candidates("rerank", queries, corpus));
    args.addAll(
        List.of(
            "--model-name-or-path",
            Cli.reference("mistral"),
            "--rerank-output-path",
            output.toString(),
            "--overwrite"));
    return output(args);
  }

  private String rerank(Path input) {
    return output(
        List.of(
            "rerank",
            "--model-name-or-path",
            Cli.reference("mistral"),
            "--dataset-path",
            input.toString(),
            "--rerank-output-path",
            output.toString(),
            "--overwrite"));
  }

  private List<String> prepare(String queries, String corpus) {
    List<String> args = new ArrayList<>(candidates("prepare", queries, corpus));
    args.addAll(List.of("--output-path", output.toString()));
    return args;
  }

  private static List<String> candidates(String command, String queries, String corpus) {
    return List.of(
        command,
        "--queries",
        reports.resolve(queries).toString(),
        "--corpus",
        reports.resolve(corpus).toString(),
        "--retrieval-results",
        reports.resolve("run.trec").toString());
  }

  private String output(List<String> args) {
    Cli.Result result = Cli.run(args);
    assertThat(result.exitCode()).as(result.err()).isZero();
    String text = Cli.read(output);
    assertThat(text).isNotEmpty();
    return text;
  }

  private void assertRefused(List<String> args, String... messages) {
    Cli.Result result = Cli.run(args);
    assertThat(result.exitCode()).as(result.err()).isEqualTo(Main.INPUT);
    assertThat(result.lastLine()).contains(messages);
    assertThat(outputs).isEmptyDirectory();
  }
}
