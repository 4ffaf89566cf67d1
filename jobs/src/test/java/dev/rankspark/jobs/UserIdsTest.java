package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.rankspark.python.PythonText;
import dev.rankspark.run.Hit;
import dev.rankspark.run.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Query and document ids as users have them: what a run cannot hold is refused where it stands. */
class UserIdsTest extends RefusedCommandTest {
  private static final long SEED = 20260105;

  private Path queries;
  private Path corpus;
  private Path run;

  @BeforeEach
  void write() throws IOException {
    queries = Files.writeString(folder.resolve("queries.tsv"), "q1\twhy\nq2\twhen\n");
    corpus =
        Files.writeString(
            folder.resolve("corpus.jsonl"), passage("d1", "a") + "\n" + passage("d2", "b") + "\n");
    run = Files.writeString(folder.resolve("run.trec"), "q1 Q0 d1 1 0.5 t\nq2 Q0 d2 1 0.5 t\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {" ", "\\t", "\\n", "\\r", "\\u0085", "\\u00a0", "\\u2028", "\\u3000"})
  void whiteSpaceInRerankInput(String space) throws IOException {
    Path input = folder.resolve("in.jsonl");
    Files.writeString(input, pair("q", "d") + "\n\n" + pair("q", "d" + space + "2") + "\n");
    assertRefused(rerank(input), input + ":3: expected an id as \"docid\", got \"d");
    Files.writeString(input, pair("q" + space + "2", "d") + "\n");
    assertRefused(rerank(input), input + ":1: expected an id as \"query_id\", got \"q");
  }

  @Test
  void emptyIdsInRerankInput() throws IOException {
    Path input = Files.writeString(folder.resolve("in.jsonl"), pair("", "d") + "\n");
    assertRefused(rerank(input), input + ":1: expected an id as \"query_id\", got an empty text");
    Files.writeString(input, pair("q", "") + "\n");
    assertRefused(rerank(input), input + ":1: expected an id as \"docid\", got an empty text");
  }

  @Test
  void aByteOrderMarkThatWouldGetLost() throws IOException {
    Path input = Files.writeString(folder.resolve("in.jsonl"), pair("\\ufeffq", "d") + "\n");
    assertRefused(rerank(input), input + ":1: ", "byte order mark");
  }

  @Test
  void queries() throws IOException {
    Files.writeString(queries, "q1\twhy\nq 2\twhen\n");
    assertRefused(prepare(), queries + ":2: expected an id as \"query_id\", got \"q 2\"");
    Files.writeString(queries, "q1\twhy\n\twhen\n");
    assertRefused(prepare(), queries + ":2: expected an id as \"query_id\", got an empty text");
    queries =
        Files.writeString(
            folder.resolve("queries.jsonl"),
            """
            {"query_id": "q1", "query": "why"}
            {"query_id": "q\\u00852", "query": "when"}
            """);
    assertRefused(prepare(), queries + ":2: expected an id as \"query_id\"", "U+0085");
    queries = folder.resolve("queries.parquet");
    write(queries, "query_id", "query", "q1", "q\u2003");
    assertRefused(prepare(), queries + "/part-", ".parquet, row 2: ", "\"q\u2003\"", "U+2003");
  }

  @Test
  void passages() throws IOException {
    Files.writeString(corpus, passage("d1", "a") + "\n" + passage("d 2", "b") + "\n");
    assertRefused(prepare(), corpus + ":2: expected an id as \"docid\", got \"d 2\"");
    corpus = Files.writeString(folder.resolve("corpus.tsv"), "d1\ta\nd 2\tb\n");
    assertRefused(prepare(), corpus + ":2: expected an id as \"docid\", got \"d 2\"");
    corpus = folder.resolve("corpus.parquet");
    write(corpus, "docid", "text", "d1", "");
    assertRefused(prepare(), corpus + "/part-", ".parquet, row 2: ", "an empty text");
    write(corpus, "docid", "text", "d1", null);
    assertRefused(prepare(), corpus + "/part-", ".parquet, row 2: ", "an empty text");
  }

  /** As jobs write them; IdsTest has ten thousand written by conversions. */
  @Test
  void twoThousandRandomIdsComeBackFromRerankedRuns() throws IOException {
    List<String> ids = randomIds(2_000);
    int depth = 20;
    Map<String, List<String>> docids = new LinkedHashMap<>();
    List<String> pairs = new ArrayList<>();
    for (int i = 0; i < ids.size(); i++) {
      String qid = ids.get(ids.size() - 1 - i / depth);
      docids.computeIfAbsent(qid, ignored -> new ArrayList<>()).add(ids.get(i));
      pairs.add(pair(json(qid), json(ids.get(i))));
    }
    Path input = Files.write(folder.resolve("in.jsonl"), pairs);
    Cli.Result result = Cli.run(rerank(input), "--trec-output-path", outputs + "/run.trec");
    assertThat(result.exitCode()).as("seed %d: %s", SEED, result.err()).isZero();
    for (String name : List.of("run.txt", "run.trec")) {
      Run run = Run.read(outputs.resolve(name).toString(), new Configuration());
      Map<String, List<String>> read = new LinkedHashMap<>();
      // All texts are one, so all scores of a query, and its documents keep their order.
      run.qids().forEach(qid -> read.put(qid, run.hits(qid).stream().map(Hit::docid).toList()));
      assertThat(read).as("seed %d, %s", SEED, name).isEqualTo(docids);
    }
  }

  /** Different ones of any characters but white space. */
  private static List<String> randomIds(int count) {
    Random random = new Random(SEED);
    Set<String> ids = new LinkedHashSet<>();
    while (ids.size() < count) {
      StringBuilder id = new StringBuilder();
      for (int length = 1 + random.nextInt(6); length > 0; length--) {
        int limit = List.of(0x80, 0x250, 0x3100, 0x1_0000, 0x11_0000).get(random.nextInt(5));
        int codePoint = random.nextInt(limit);
        boolean isText = codePoint < 0xd800 || codePoint > 0xdfff;
        if (isText && !PythonText.isSpace(codePoint)) {
          id.appendCodePoint(codePoint);
        }
      }
      if (!id.isEmpty() && id.charAt(0) != '\ufeff') {
        ids.add(id.toString());
      }
    }
    return List.copyOf(ids);
  }

  private static String json(String text) {
    return new TextNode(text).toString().replaceFirst("^\"", "").replaceFirst("\"$", "");
  }

  private static String passage(String docid, String text) {
    return "{\"docid\": \"" + docid + "\", \"title\": \"\", \"text\": \"" + text + "\"}";
  }

  private static String pair(String qid, String docid) {
    return "{\"query_id\": \""
        + qid
        + "\", \"query\": \"q\", \"docid\": \""
        + docid
        + "\", \"title\": \"\", \"text\": \"t\"}";
  }

  private List<String> prepare() {
    return Cli.prepare(queries, corpus, run, outputs + "/out.jsonl");
  }

  private List<String> rerank(Path input) {
    return Cli.rerank(input, outputs + "/run.txt");
  }

  private void write(Path parquet, String id, String text, String... ids) {
    List<Row> rows = new ArrayList<>();
    for (String value : ids) {
      rows.add(RowFactory.create(value, "text"));
    }
    StructType schema = new StructType().add(id, DataTypes.StringType).add(text, "string");
    Cli.startSpark()
        .createDataFrame(rows, schema)
        .coalesce(1)
        .write()
        .mode("overwrite")
        .parquet(parquet.toString());
  }
}
