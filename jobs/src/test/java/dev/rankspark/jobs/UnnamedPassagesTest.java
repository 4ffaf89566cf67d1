package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lines of a corpus that no run names: they change nothing, and broken ones are refused still. */
class UnnamedPassagesTest extends PreparedTextsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"docid\": \"d3\", \"text\": \"a|the line ends within a value",
        "{\"docid\": \"d3\"}|expected a text in \"text\"",
        "{\"docid\": [3], \"text\": \"a\"}|expected a text in \"docid\"",
        "{\"docid\": \"d 3\", \"text\": \"a\"}|with white space (U+0020)",
        "{\"docid\": \"d3\", \"text\": \"a\"} {}|expected an object and nothing else",
        "{\"docid\": \"d3\", \"text\": \"a\\q\"}|expected an object and nothing else",
        "[{\"docid\": \"d3\", \"text\": \"a\"}]|got a JSON array",
        "{\"_id\": \"d3\", \"doc_id\": \"3\", \"text\": \"a\"}|expected one id",
      })
  void brokenLines(String line, String message) throws IOException {
    String named = passage("docid", "d1", "One", "a") + passage("docid", "d2", "", "b");
    corpus = write("c.jsonl", named + line + "\n" + passage("docid", "d4", "", "c"));
    assertRefused(prepare(), corpus + ":3: ", message);
  }

  @Test
  void brokenLinesOfTabs() throws IOException {
    corpus = write("c.tsv", "d1\ta\nd2\tb\nd3\n");
    assertRefused(prepare(), corpus + ":3: expected \"docid\\ttext\"", "got 1 column");
    corpus = write("c.tsv", "d1\ta\nd2\tb\nd 3\tc\n");
    assertRefused(prepare(), corpus + ":3: ", "with white space");
  }

  /** Between them the named ones, in ways to write them that no scan knows. */
  @Test
  void manyOfThem() throws IOException {
    String expected = prepared();
    StringBuilder many = new StringBuilder();
    for (int i = 0; i < 2_000; i++) {
      many.append(passage("docid", "x" + i, "d1", "d2 \\\"docid\\\": \\\"d1\\\""));
    }
    corpus =
        write(
            "c.jsonl",
            passage("docid", "d1", "not this one", "which comes first")
                + many
                + "{\"docid\": \"x\", \"doci\\u0064\": \"\\u0064\\u0031\", \"title\": \"One\", \"text\":"
                + " \"a\"}\n"
                + many
                + passage("docid", "d2", "", "b")
                + many);
    assertThat(prepared()).isEqualTo(expected);
    corpus = write("c.tsv", "x1\td1\nd2\tb\nd1\ta\nx2\td2\n");
    assertThat(prepared()).isEqualTo(expected.replace("\"One\"", "\"\""));
  }

  /** More lines than one part of the output has, of queries that are mixed in the run. */
  @Test
  void theOrderOfTheRun() throws IOException {
    int size = 400;
    Random random = new Random(26);
    List<Integer> pairs = new ArrayList<>();
    Map<Integer, List<String>> expected = new LinkedHashMap<>();
    StringBuilder passages = new StringBuilder();
    StringBuilder texts = new StringBuilder();
    for (int i = 0; i < size; i++) {
      passages.append(passage("docid", "d" + i, "", "text " + i));
      texts.append("q" + i + "\tquery " + i + "\n");
    }
    for (int i = 0; i < 60_000; i++) {
      pairs.add(random.nextInt(size * (size + 1)));
    }
    StringBuilder lines = new StringBuilder();
    int missing = 0;
    for (int pair : pairs) {
      int query = pair / (size + 1);
      int passage = pair % (size + 1); // one more than there are
      lines.append("q%d Q0 d%d 1 %d.5 t%n".formatted(query, passage, query));
      expected.computeIfAbsent(query, qid -> new ArrayList<>());
      missing += passage == size ? 1 : 0;
      if (passage < size) {
        expected
            .get(query)
            .add(
                ("{\"docid\": \"d%d\", \"title\": \"\", \"text\": \"text %d\", \"score\": %d.5,"
                        + " \"query_id\": \"q%d\", \"query\": \"query %d\"}%n")
                    .formatted(passage, passage, query, query, query));
      }
    }
    corpus = write("c.jsonl", passages.toString());
    queries = write("q.tsv", texts.toString());
    run = write("r.trec", lines.toString());
    Cli.Result result = Cli.run(prepare("--overwrite", "--allow-missing"));
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.err()).contains("%d without a passage".formatted(missing));
    String all = expected.values().stream().flatMap(List::stream).collect(Collectors.joining());
    assertThat(Cli.read(output).equals(all)).as("the order of the run").isTrue();
    // The first that is missing, by the order of the output.
    int first =
        expected.keySet().stream()
            .filter(query -> pairs.contains(query * (size + 1) + size))
            .findFirst()
            .orElseThrow();
    assertRefused(prepare(), "first docid d400 of query q" + first);
  }

  /** A passage's own fields of those names stay where they are. */
  @Test
  void fieldsThatAPairHasToo() throws IOException {
    corpus =
        write(
            "c.jsonl",
            """
            {"query": 1, "docid": "d1", "title": "One", "score": null, "text": "a"}
            {"docid": "d2", "text": "\\"score\\": 1", "more": {"query_id": 2}}
            """);
    assertThat(prepared())
        .isEqualTo(
            """
            {"query": "why", "docid": "d1", "title": "One", "score": 0.5, "text": "a", "query_id": "310"}
            {"docid": "d2", "text": "\\"score\\": 1", "more": {"query_id": 2}, "score": 0.5, "query_id": "24", \
            "query": "when"}
            """);
  }
}
