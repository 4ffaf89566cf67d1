package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Queries and passages that are refused where they stand, or for what they are not. */
class BrokenTextsTest extends PreparedTextsTest {
  @Test
  void noNameThatWeKnow() throws IOException {
    corpus = write("c.jsonl", "{\"pid\": \"d1\", \"text\": \"a\"}\n");
    assertRefused(
        prepare(),
        corpus + ":1: expected a text in \"docid\" (or \"_id\", \"doc_id\", \"id\"), got none",
        "there is pid, text");
    corpus = write("c.jsonl", "{\"docid\": \"d1\", \"contents\": \"a\"}\n");
    assertRefused(prepare(), corpus + ":1: expected a text in \"text\" (or \"body\"), got none");
  }

  @Test
  void otherColumnsOfTabFiles() throws IOException {
    Path good = queries;
    queries = write("q.tsv", "310\twhy\n24\twhen\tnavigational\n");
    assertRefused(prepare(), queries + ":2: expected \"qid\\ttext\", got 3 columns: \"24\twhen");
    queries = good;
    corpus = write("c.tsv", "d1\tOne\ta\n");
    assertRefused(prepare(), corpus + ":1: expected \"docid\\ttext\"", "got 3 columns");
    corpus = write("c.tsv", "d1\ta\nd2\thttps://a.example\tb\tc\n");
    assertRefused(prepare(), corpus + ":2: expected \"docid\\ttext\"", "got 4 columns");
    corpus = write("c.tsv", "d1\thttps://a.example/1\tOne\ta\nd2\tb\n");
    assertRefused(prepare(), corpus + ":2: expected \"docid\\turl\\ttitle\\tbody\", got 2 columns");
    corpus = write("c.tsv", "d1\tOne\ta\ten\n");
    assertRefused(prepare(), corpus + ":1: ", "got \"One\" as url");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"[\n {\n  \"docid\": \"d1\"\n }\n]\n", "[{\"docid\": \"d1\", \"text\": \"a\"}]"})
  void anArrayWhereLinesAreExpected(String json) throws IOException {
    corpus = write("corpus.json", json);
    assertRefused(
        prepare(), corpus + ":1: expected JSON lines, one object on each line, got a JSON array");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{|the line ends within a value; expected a whole object on each line",
        "{\"docid\": tru}|expected an object and nothing else, wrong near column",
        "{\"docid\": 'd1'}|wrong near column 12",
        "{\"docid\": 1} {}|expected an object and nothing else",
        "{\"docid\": INF}|wrong near column",
      })
  void brokenLinesInOurWords(String line, String message) throws IOException {
    corpus = write("c.jsonl", line + "\n");
    Cli.Result result = assertRefused(prepare(), corpus + ":1: ", message);
    assertThat(result.lastLine())
        .doesNotContain("token", "Parser", "[Source", "JsonParser.Feature");
  }

  @Test
  void noQueryOfTheRunIsKnown() {
    Path parquet = folder.resolve("q.parquet");
    Cli.startSpark()
        .sql("select double(310) as query_id, 'why' as query")
        .coalesce(1)
        .write()
        .parquet(parquet.toString());
    queries = parquet;
    assertRefused(
        prepare(),
        "none of the 2 queries of --retrieval-results " + run + " is in --queries " + parquet,
        "the run has \"24\", \"310\", the other \"310.0\"");
  }

  @Test
  void noPassageOfTheRunIsKnown() throws IOException {
    corpus = write("c.jsonl", passage("docid", "D1", "", "a"));
    assertRefused(
        prepare("--allow-missing"),
        "none of the 2 docids of --retrieval-results",
        "the run has \"d1\", \"d2\", the other \"D1\"");
  }
}
