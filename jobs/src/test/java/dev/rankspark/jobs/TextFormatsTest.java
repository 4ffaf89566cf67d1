package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Queries and passages in the forms of BEIR, ir_datasets, MS MARCO and pandas: read as what they
 * are.
 */
class TextFormatsTest extends PreparedTextsTest {
  @Test
  void beir() throws IOException {
    String expected = prepared();
    queries =
        write(
            "q.jsonl",
            """
            {"_id": "310", "text": "why", "metadata": {}}
            {"_id": "24", "text": "when", "metadata": {"url": "u"}}
            """);
    assertThat(prepared()).isEqualTo(expected);
    corpus = write("c.jsonl", passage("_id", "d1", "One", "a") + passage("_id", "d2", "", "b"));
    assertThat(prepared()).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"query_id,doc_id", "id,id", "qid,docid"})
  void exportsOfOthers(String qid, String docid) throws IOException {
    String expected = prepared();
    queries =
        write(
            "q.jsonl",
            "{\"%s\": \"310\", \"text\": \"why\"}%n{\"%s\": 24, \"text\": \"when\"}%n"
                .formatted(qid, qid));
    corpus = write("c.jsonl", passage(docid, "d1", "One", "a") + passage(docid, "d2", "", "b"));
    assertThat(prepared()).isEqualTo(expected);
  }

  /** A database's own number of a line is no docid. */
  @Test
  void ourNameCountsAlone() throws IOException {
    corpus =
        write(
            "c.jsonl",
            """
            {"_id": "d2", "docid": "d1", "text": "a", "body": "x"}
            {"id": "d1", "doc_id": "d2", "text": "b"}
            """);
    assertThat(prepared())
        .contains("{\"_id\": \"d2\", \"docid\": \"d1\", \"text\": \"a\", \"body\": \"x\", ")
        .contains("{\"id\": \"d1\", \"docid\": \"d2\", \"text\": \"b\", ");
    Files.writeString(corpus, "{\"_id\": \"d2\", \"doc_id\": \"d1\", \"text\": \"a\"}\n");
    assertRefused(prepare(), corpus + ":1: expected one id, got \"_id\" and \"doc_id\"");
  }

  /** As it is unpacked: what describes it, and the judgements, are no texts. */
  @Test
  void aFolderOfBeir() throws IOException {
    String expected = prepared();
    Path beir = Files.createDirectories(folder.resolve("beir/scifact"));
    Files.createDirectories(beir.resolve("qrels"));
    Files.writeString(beir.resolve("qrels/test.tsv"), "query-id\tcorpus-id\tscore\n310\td1\t1\n");
    Files.copy(beir.resolve("qrels/test.tsv"), beir.resolve("test.tsv"));
    Files.writeString(beir.resolve("README.md"), "# BEIR\n");
    Files.writeString(beir.resolve("LICENSE.txt"), "free\n");
    Files.writeString(beir.resolve("dataset_infos.json"), "{}\n");
    Files.writeString(
        beir.resolve("queries.jsonl"),
        "{\"_id\": \"310\", \"text\": \"why\"}\n{\"_id\": \"24\", \"text\": \"when\"}\n");
    CompressedFiles.write(
        beir.resolve("corpus.jsonl.gz"),
        passage("_id", "d1", "One", "a") + passage("_id", "d2", "", "b"));
    queries = beir;
    corpus = beir;
    assertThat(prepared()).isEqualTo(expected);
    for (String split : List.of("test", "dev", "queries")) {
      Cli.Result result =
          Cli.run(
              "prepare",
              "--query-data-name",
              beir.toString(),
              "--query-data-split",
              split,
              "--corpus-data-name",
              beir.toString(),
              "--retrieval-results",
              run.toString(),
              "--output-path",
              output.toString(),
              "--overwrite");
      assertThat(result.exitCode()).as(result.err()).isZero();
      assertThat(Cli.read(output)).isEqualTo(expected);
    }
    Files.delete(output);
    Files.delete(beir.resolve("queries.jsonl"));
    Files.delete(beir.resolve("test.tsv"));
    assertRefused(
        prepare(), "--queries: " + beir + " has no queries: expected a file such as queries.jsonl");
  }

  @Test
  void aSplitOfAFolderOfQueries() throws IOException {
    String expected = prepared();
    Path many = Files.createDirectories(folder.resolve("many"));
    Files.copy(queries, many.resolve("queries.test.tsv"));
    Files.writeString(many.resolve("queries.train.tsv"), "310\tof the training\n");
    queries = many;
    List<String> args = prepare();
    Cli.Result result = Cli.run(args, "--query-data-split", "test", "--overwrite");
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(Cli.read(output)).isEqualTo(expected);
  }

  @Test
  void documentsOfMsMarco() throws IOException {
    corpus =
        write("msmarco-docs.tsv", "d1\thttps://a.example/1\tOne\ta\nd2\thttp://a.example\t\tb\n");
    assertThat(prepared())
        .contains(
            "{\"docid\": \"d1\", \"url\": \"https://a.example/1\", \"title\": \"One\", \"text\": \"a\",")
        .contains(
            "{\"docid\": \"d2\", \"url\": \"http://a.example\", \"title\": \"\", \"text\": \"b\",");
  }

  @Test
  void whatPandasWritesForAMissingTitle() throws IOException {
    String expected = prepared();
    corpus =
        write(
            "c.jsonl",
            """
            {"docid": "d1", "title": "One", "text": "a", "rating": NaN}
            {"docid": "d2", "title": NaN, "text": "b", "rating": Infinity}
            """);
    assertThat(prepared())
        .isEqualTo(
            expected
                .replace("\"title\": \"\"", "\"title\": null")
                .replace("\"text\": \"a\"", "\"text\": \"a\", \"rating\": NaN")
                .replace("\"text\": \"b\"", "\"text\": \"b\", \"rating\": Infinity"));
    corpus = write("c.jsonl", "{\"docid\": \"d1\", \"title\": -Infinity, \"text\": \"b\"}\n");
    assertRefused(rerankCandidates(), corpus + ":1: expected a text in \"title\", got -Infinity");
    corpus = write("c.jsonl", "{\"docid\": \"d1\", \"text\": NaN}\n");
    assertRefused(rerankCandidates(), corpus + ":1: expected a text in \"text\", got NaN");
    Path parquet = folder.resolve("c.parquet");
    Cli.startSpark()
        .sql(
            "select 'd1' as docid, double('NaN') as title, 'a' as text union all select 'd2', null, 'b'")
        .write()
        .parquet(parquet.toString());
    corpus = parquet;
    assertThat(prepared()).contains("\"title\": null").doesNotContain("NaN");
  }

  List<String> rerankCandidates() {
    return Cli.with(
        Cli.candidates("rerank", queries, corpus, run),
        "--model-name-or-path",
        Cli.reference("mistral"),
        "--rerank-output-path",
        outputs.resolve("scores.txt").toString());
  }
}
