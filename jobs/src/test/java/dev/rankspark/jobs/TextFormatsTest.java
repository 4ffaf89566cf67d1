package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.io.compress.BZip2Codec;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Queries and passages in the forms of BEIR, ir_datasets, MS MARCO and pandas: read as what they
 * are, or refused where they stand, with not a byte of output.
 */
class TextFormatsTest {
  /** A query of id 310, as pyarrow writes it with {@code compression="brotli"}. */
  private static final String BROTLI =
      "UEFSMRUAFRoVIiwVAhUAFQYVBhwAAAALBoACAAAAAgEDAAAAMzEwAxUAFSQVLCwVAhUAFQYVBhwAAACLCIACAAAAAgEIAAAA"
          + "aG93IGxvbmcDFQQZPDUAGAZzY2hlbWEVBAAVDCUCGAhxdWVyeV9pZCUATBwAAAAVDCUCGAVxdWVyeSUATBwAAAAWAhkc"
          + "GSwmABwVDBklBgAZGAhxdWVyeV9pZBUIFgIWQBZIJghJHBUAFQAVAgA8FgYZBhkmAAIAAAAmABwVDBklBgAZGAVxdWVy"
          + "eRUIFgIWShZSJlBJHBUAFQAVAgA8FhAZBhkmAAIAAAAWigEWAiYIFpoBACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lv"
          + "biAyNi4wLjEZLBwAABwAAADXAAAAUEFSMQ==";

  @TempDir private Path folder;

  private Path outputs;
  private Path output;
  private Path queries;
  private Path corpus;
  private Path run;

  @BeforeEach
  void write() throws IOException {
    outputs = Files.createDirectory(folder.resolve("outputs"));
    output = outputs.resolve("out.jsonl");
    queries = write("queries.tsv", "310\twhy\n24\twhen\n");
    corpus =
        write("corpus.jsonl", passage("docid", "d1", "One", "a") + passage("docid", "d2", "", "b"));
    run = write("run.trec", "310 Q0 d1 1 0.5 t\n24 Q0 d2 1 0.5 t\n");
  }

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
  void parquetOfBeir() {
    String expected = prepared();
    SparkSession spark = Cli.startSpark();
    Path q = folder.resolve("queries.parquet");
    spark
        .sql("select 310 as _id, 'why' as text union all select 24, 'when'")
        .coalesce(1)
        .write()
        .parquet(q.toString());
    Path c = folder.resolve("corpus.parquet");
    spark
        .sql("select 'd1' as _id, 'One' as title, 'a' as text union all select 'd2', '', 'b'")
        .write()
        .parquet(c.toString());
    queries = q;
    corpus = c;
    assertThat(prepared()).isEqualTo(expected);
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
    gzip(
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
    assertRefused(
        rerank(corpus, queries), corpus + ":1: expected a text in \"title\", got -Infinity");
    corpus = write("c.jsonl", "{\"docid\": \"d1\", \"text\": NaN}\n");
    assertRefused(rerank(corpus, queries), corpus + ":1: expected a text in \"text\", got NaN");
    Path parquet = folder.resolve("c.parquet");
    Cli.startSpark()
        .sql(
            "select 'd1' as docid, double('NaN') as title, 'a' as text union all select 'd2', null, 'b'")
        .write()
        .parquet(parquet.toString());
    corpus = parquet;
    assertThat(prepared()).contains("\"title\": null").doesNotContain("NaN");
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

  @Test
  void parquetThatSparkCannotRead() throws IOException {
    queries = folder.resolve("q.parquet");
    byte[] brotli = Base64.getDecoder().decode(BROTLI);
    Files.write(queries, brotli);
    assertRefused(
        prepare(), queries + " is Parquet compressed by brotli", "write it anew with zstd");
    Files.write(queries, Arrays.copyOf(brotli, 200));
    assertRefused(prepare(), queries + ": the Parquet file is cut or damaged");
    Files.writeString(queries, "310\twhy\n");
    assertRefused(prepare(), queries + ": expected Parquet, as the name says, got other bytes");
  }

  @Test
  void parquetThatIsDamagedWithin() throws IOException {
    Path parquet = folder.resolve("q");
    Cli.startSpark()
        .sql(
            "select cast(310 + id as string) as query_id, cast(id * 7919 as string) as query from range(5000)")
        .coalesce(1)
        .write()
        .parquet(parquet.toString());
    try (var files = Files.list(parquet)) {
      queries =
          files.filter(file -> file.toString().endsWith(".parquet")).findFirst().orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(queries);
    Arrays.fill(bytes, 10, bytes.length / 2, (byte) 0x55);
    queries = Files.write(folder.resolve("damaged.parquet"), bytes);
    assertRefused(prepare(), queries + " cannot be read, it may be damaged");
  }

  @Test
  void parquetFilesOfOtherColumns() throws IOException {
    SparkSession spark = Cli.startSpark();
    Path both = Files.createDirectory(folder.resolve("both"));
    spark.sql("select 'd1' as docid, 'a' as text").coalesce(1).write().parquet(both + "/1.parquet");
    spark.sql("select 'd2' as _id, 'b' as text").coalesce(1).write().parquet(both + "/2.parquet");
    corpus = both.resolve("*");
    assertRefused(prepare(), "expected the column \"docid\" as in", "got none");
  }

  @Test
  void aListWhereATextIsExpected() {
    Path parquet = folder.resolve("c.parquet");
    Cli.startSpark()
        .sql("select 'd1' as docid, array('a', 'b') as text")
        .coalesce(1)
        .write()
        .parquet(parquet.toString());
    corpus = parquet;
    assertRefused(prepare(), "expected texts in the column \"text\", got array<string>");
  }

  @Test
  void zstdEverywhere() throws IOException {
    String expected = prepared();
    Path input = write("in.jsonl", expected);
    queries = zstd(queries);
    corpus = zstd(corpus);
    run = zstd(run);
    assertThat(prepared()).isEqualTo(expected);
    Files.delete(output);
    Path scores = outputs.resolve("scores.txt");
    Cli.Result result = Cli.run(rerank(zstd(input)));
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(scores).content().hasLineCount(2);
    Path converted = folder.resolve("converted.trec");
    result =
        Cli.run("convert", "--input", zstd(scores).toString(), "--output", converted.toString());
    assertThat(result.exitCode()).as(result.err()).isZero();
    Path qrels = write("qrels.txt", "310 0 d1 1\n24 0 d2 1\n");
    result =
        Cli.run("evaluate", "-m", "recip_rank", zstd(qrels).toString(), zstd(converted).toString());
    assertThat(result.out()).contains("1.0000");
  }

  /** However Spark splits it, and though it may pass over broken files where it is told to. */
  @Test
  void cutAndMisnamedFilesThroughSpark() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 20_000; i++) {
      text.append(passage("docid", "d" + i, "Title " + i, "text " + i * 7919L));
    }
    var hadoop = Cli.startSpark().sparkContext().hadoopConfiguration();
    String splits = "mapreduce.input.fileinputformat.split.maxsize";
    hadoop.set(splits, "20000");
    try {
      for (String ending : List.of("gz", "bz2", "zst")) {
        Path whole = folder.resolve("whole.jsonl." + ending);
        compress(whole, text.toString());
        corpus = whole;
        assertThat(prepared()).contains("\"text 7919\"");
        Files.delete(output);
        corpus = folder.resolve("cut.jsonl." + ending);
        byte[] bytes = Files.readAllBytes(whole);
        Files.write(corpus, Arrays.copyOf(bytes, bytes.length / 2));
        assertRefused(prepare(), corpus + " is cut: it ends within its compressed data");
        corpus = write("plain.jsonl." + ending, text.toString());
        assertRefused(
            prepare(),
            corpus + ": expected ",
            "if it is plain text, take the ." + ending + " off its name");
      }
    } finally {
      hadoop.unset(splits);
    }
  }

  private static void compress(Path file, String text) throws IOException {
    BZip2Codec bzip2 = new BZip2Codec();
    bzip2.setConf(new Configuration());
    OutputStream out = Files.newOutputStream(file);
    try (OutputStream packed =
        file.toString().endsWith("gz")
            ? new GZIPOutputStream(out)
            : file.toString().endsWith("bz2")
                ? bzip2.createOutputStream(out)
                : new ZstdOutputStream(out)) {
      packed.write(text.getBytes(StandardCharsets.UTF_8));
    }
  }

  private static void gzip(Path file, String text) throws IOException {
    compress(file, text);
  }

  private Path zstd(Path file) throws IOException {
    Path packed = folder.resolve(file.getFileName() + ".zst");
    compress(packed, Files.readString(file));
    return packed;
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private static String passage(String id, String docid, String title, String text) {
    return "{\"%s\": \"%s\", \"title\": \"%s\", \"text\": \"%s\"}%n"
        .formatted(id, docid, title, text);
  }

  private String prepared() {
    Cli.Result result = Cli.run(prepare("--overwrite"));
    assertThat(result.exitCode()).as(result.err()).isZero();
    return Cli.read(output);
  }

  private List<String> prepare(String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "prepare",
                "--queries",
                queries.toString(),
                "--corpus",
                corpus.toString(),
                "--retrieval-results",
                run.toString(),
                "--output-path",
                output.toString()));
    args.addAll(List.of(more));
    return args;
  }

  private List<String> rerank(Path passages, Path ofQueries) {
    return List.of(
        "rerank",
        "--model-name-or-path",
        Cli.reference("mistral"),
        "--queries",
        ofQueries.toString(),
        "--corpus",
        passages.toString(),
        "--retrieval-results",
        run.toString(),
        "--rerank-output-path",
        outputs.resolve("scores.txt").toString());
  }

  private List<String> rerank(Path input) {
    return List.of(
        "rerank",
        "--model-name-or-path",
        Cli.reference("mistral"),
        "--dataset-path",
        input.toString(),
        "--rerank-output-path",
        outputs.resolve("scores.txt").toString());
  }

  private Cli.Result assertRefused(List<String> args, String... messages) {
    try {
      Files.deleteIfExists(output);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Cli.Result result = Cli.run(args);
    assertThat(result.exitCode()).as(result.err()).isEqualTo(Main.INPUT);
    assertThat(result.lastLine()).contains(messages);
    assertThat(result.err()).doesNotContain("\tat ");
    assertThat(outputs).isEmptyDirectory();
    return result;
  }
}
