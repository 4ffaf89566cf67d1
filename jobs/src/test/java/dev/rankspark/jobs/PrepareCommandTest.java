package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.apache.spark.sql.SaveMode;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code prepare} against the file that Tevatron's script writes; see {@code reference/README.md}.
 */
class PrepareCommandTest {
  @TempDir private Path folder;

  private Path output;
  private String expected;

  @BeforeEach
  void readExpected() {
    output = folder.resolve("made/rerank_input.jsonl");
    expected = Cli.read(Path.of(Cli.reference("expected/rerank_input.jsonl")));
  }

  @Test
  void theSameRecordsInTheSameOrderByteForByte() {
    assertThat(prepare(queries(), corpus(), run())).isEqualTo(expected);
  }

  @Test
  void tevatronsSpellingOfOptionsWorksToo() {
    Cli.Result result =
        Cli.run(
            "prepare",
            "--queries",
            queries(),
            "--corpus",
            corpus(),
            "--retrieval_results",
            run(),
            "--depth=10",
            "--output_path",
            output.toString());
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(Cli.read(output)).isEqualTo(expected);
  }

  @Test
  void theOrderOfTheCorpusAndOfItsFilesDoesNotMatter() throws IOException {
    long seed = 7;
    List<String> passages = new ArrayList<>(Files.readAllLines(Path.of(corpus())));
    Collections.shuffle(passages, new Random(seed));
    Files.write(folder.resolve("corpus-1.jsonl"), passages.subList(0, 40));
    try (OutputStream gzip =
        new GZIPOutputStream(Files.newOutputStream(folder.resolve("corpus-2.jsonl.gz")))) {
      for (String line : passages.subList(40, passages.size())) {
        gzip.write((line + "\r\n").getBytes(java.nio.charset.StandardCharsets.UTF_8));
      }
    }
    assertThat(prepare(queries(), folder + "/corpus-*", run())).isEqualTo(expected);
  }

  @Test
  void aFileThatSparkSplitsKeepsItsOrder() {
    var hadoop = Cli.startSpark().sparkContext().hadoopConfiguration();
    String key = "mapreduce.input.fileinputformat.split.maxsize";
    hadoop.set(key, "1000");
    try {
      assertThat(prepare(queries(), corpus(), run())).isEqualTo(expected);
    } finally {
      hadoop.unset(key);
    }
  }

  @Test
  void threeAndFourColumnsGiveWhatSixGive() throws IOException {
    List<String> three = new ArrayList<>();
    List<String> four = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of(run()))) {
      String[] columns = line.split(" ");
      three.add(columns[0] + "\t" + columns[2] + "\t" + columns[4]);
      four.add(String.join(" ", columns[0], columns[2], columns[3], columns[4]));
    }
    Path run3 = Files.write(folder.resolve("run3.txt"), three);
    Path run4 = Files.write(folder.resolve("run4.txt"), four);
    assertThat(prepare(queries(), corpus(), run3.toString())).isEqualTo(expected);
    assertThat(prepare(queries(), corpus(), run4.toString(), "--overwrite")).isEqualTo(expected);
  }

  @Test
  void queriesAsJsonLinesAndPassagesAsParquet() throws IOException {
    List<String> json = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of(queries()))) {
      String[] fields = line.split("\t");
      json.add("{\"query_id\": " + fields[0] + ", \"query\": \"" + fields[1] + "\"}");
    }
    Path jsonQueries = Files.write(folder.resolve("queries.jsonl"), json);
    Path parquet = folder.resolve("corpus");
    Cli.startSpark()
        .read()
        .json(corpus())
        .select("docid", "title", "text", "url")
        .write()
        .mode(SaveMode.Overwrite)
        .parquet(parquet.toString());
    assertThat(prepare(jsonQueries.toString(), parquet.toString(), run())).isEqualTo(expected);
  }

  @Test
  void byteOrderMarksAndWindowsLineEndsChangeNothing() throws IOException {
    List<String> files = new ArrayList<>();
    for (String file : List.of(queries(), corpus(), run())) {
      Path copy = folder.resolve(Path.of(file).getFileName());
      Files.writeString(copy, "\ufeff" + Files.readString(Path.of(file)).replace("\n", "\r\n"));
      files.add(copy.toString());
    }
    assertThat(prepare(files.get(0), files.get(1), files.get(2))).isEqualTo(expected);
  }

  /** Half a surrogate pair too: Python's {@code json} passes it through, escaped. */
  @Test
  void oddCharactersOfAPassageStayAsTheyAre() throws IOException {
    Path passages =
        Files.writeString(
            folder.resolve("odd.jsonl"),
            "{\"docid\": \"d\", \"title\": \"\", \"text\": \"a\u2028b\u0085c\u00a0\\u0000\\u001c\ud83d\ude00\\ud800\"}\n");
    Path query = Files.writeString(folder.resolve("q.tsv"), "q\tone\u2028two\u0085\n");
    Path run = Files.writeString(folder.resolve("r.txt"), "q d 1.5\n");
    String line = prepare(query.toString(), passages.toString(), run.toString());
    assertThat(line)
        .isEqualTo(
            "{\"docid\": \"d\", \"title\": \"\","
                + " \"text\": \"a\\u2028b\\u0085c\\u00a0\\u0000\\u001c\\ud83d\\ude00\\ud800\","
                + " \"score\": 1.5, \"query_id\": \"q\", \"query\": \"one\\u2028two\\u0085\"}\n");
  }

  @Test
  void anMsMarcoCorpusHasNoTitles() throws IOException {
    Path tsv =
        Files.write(
            folder.resolve("collection.tsv"),
            List.of("7\tA \"quoted\" passage.", "8\tSeven words"));
    Path queries = Files.write(folder.resolve("q.tsv"), List.of("1\twhy"));
    Path run = Files.write(folder.resolve("r.txt"), List.of("1 8 0.00001", "1 7 -2"));
    assertThat(prepare(queries.toString(), tsv.toString(), run.toString()))
        .isEqualTo(
            """
            {"docid": "8", "title": "", "text": "Seven words", "score": 1e-05, "query_id": "1", "query": "why"}
            {"docid": "7", "title": "", "text": "A \\"quoted\\" passage.", "score": -2.0, "query_id": "1", "query": "why"}
            """);
  }

  @Test
  void queriesWithoutTextAreSkippedAndCounted() throws IOException {
    List<String> lines = new ArrayList<>(Files.readAllLines(Path.of(run())));
    lines.add(0, "unknown Q0 danube-3 1 9.0 bm25");
    Path run = Files.write(folder.resolve("run.txt"), lines);
    Cli.Result result = run(queries(), corpus(), run.toString());
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(Cli.read(output)).isEqualTo(expected);
    assertThat(result.err())
        .contains("Wrote 140 pairs")
        .contains("of 141 run lines within the depth, 1 without a query and 0 without a passage");
  }

  @Test
  void ofTwoPassagesOfOneIdTheLastCounts() throws IOException {
    List<String> passages = new ArrayList<>(Files.readAllLines(Path.of(corpus())));
    passages.add(0, "{\"docid\": \"danube-3\", \"title\": \"\", \"text\": \"outdated\"}");
    Path twice = Files.write(folder.resolve("corpus.jsonl"), passages);
    assertThat(prepare(queries(), twice.toString(), run())).isEqualTo(expected);
  }

  private String prepare(String queries, String corpus, String run, String... more) {
    Cli.Result result = run(queries, corpus, run, more);
    assertThat(result.exitCode()).as(result.err()).isZero();
    return Cli.read(output);
  }

  private Cli.Result run(String queries, String corpus, String run, String... more) {
    return Cli.run(Cli.prepare(queries, corpus, run, output, "--depth", "10"), more);
  }

  private static String queries() {
    return Cli.reference("data/queries.tsv");
  }

  private static String corpus() {
    return Cli.reference("data/corpus.jsonl");
  }

  private static String run() {
    return Cli.reference("data/run.trec");
  }
}
