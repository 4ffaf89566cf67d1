package dev.rankspark.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.rankspark.InputException;
import dev.rankspark.files.InputPaths;
import dev.rankspark.mutation.Mutations;
import dev.rankspark.mutation.StrictJson;
import dev.rankspark.python.PythonFloat;
import dev.rankspark.run.Qrels;
import dev.rankspark.run.Run;
import dev.rankspark.run.RunReader;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs, qrels, queries and pairs with random changes, as {@link Mutations} demands it of each: what
 * is read equals what another, plain reading of the same bytes finds.
 */
class TextMutationTest {
  private static final Path REFERENCE = Path.of(System.getProperty("rankspark.home"), "reference");
  private static final Configuration HADOOP = new Configuration(false);
  private static final List<String> REQUIRED =
      List.of(Pairs.QID, Pairs.QUERY, Pairs.DOCID, Pairs.TEXT);

  /** {@code str.isspace()} of Python. */
  private static final String SPACE =
      "[\\x09-\\x0d\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";

  /** Bytes by which JSON, tabs and UTF-8 are told. */
  private static final String OF_MEANING =
      "\"\\{}[]:,.019-+eE/utn \t\0\u001f\u007f\u0080\u00bf\u00c0\u00c3\u00e0\u00ed\u00f0\u00f4\u00ff";

  @TempDir Path folder;

  int count() {
    return 500;
  }

  @Test
  void runs() throws IOException {
    byte[] run = start("data/run.trec", 10);
    Path file = folder.resolve("run.trec");
    Mutations.survive(
        "runs",
        count(),
        mutation -> {
          byte[] mutated = mutation.of(run);
          Files.write(file, mutated);
          Run read = Run.read(file.toString(), HADOOP);
          List<List<String>> lines = columns(mutated);
          assertThat(read.qids()).hasSameElementsAs(lines.stream().map(l -> l.get(0)).toList());
          for (String qid : read.qids()) {
            List<List<String>> ofQuery =
                lines.stream().filter(columns -> columns.get(0).equals(qid)).toList();
            assertThat(read.hits(qid)).hasSameSizeAs(ofQuery);
            for (int i = 0; i < ofQuery.size(); i++) {
              List<String> columns = ofQuery.get(i);
              int width = Math.min(6, columns.size());
              assertThat(width).isIn(3, 4, 6);
              assertThat(read.hits(qid).get(i).docid()).isEqualTo(columns.get(width == 6 ? 2 : 1));
              assertThat(read.hits(qid).get(i).score())
                  .isEqualTo(number(columns.get(width == 6 ? 4 : width - 1)).doubleValue());
            }
          }
        });
  }

  @Test
  void qrels() throws IOException {
    byte[] qrels = start("data/qrels.txt", 10);
    Path file = folder.resolve("qrels.txt");
    Mutations.survive(
        "qrels",
        count(),
        mutation -> {
          byte[] mutated = mutation.of(qrels);
          Files.write(file, mutated);
          Qrels read = Qrels.read(file.toString(), HADOOP);
          Map<String, Map<String, Integer>> grades = new LinkedHashMap<>();
          for (List<String> columns : columns(mutated)) {
            int last = columns.size() - 1;
            assertThat(last).isIn(2, 3);
            grades
                .computeIfAbsent(columns.get(0), qid -> new LinkedHashMap<>())
                .put(columns.get(last - 1), number(columns.get(last)).intValueExact());
          }
          assertThat(read.qids()).hasSameElementsAs(grades.keySet());
          grades.forEach((qid, ofQuery) -> assertThat(read.grades(qid)).isEqualTo(ofQuery));
        });
  }

  @Test
  void jsonLines() throws IOException {
    byte[] pair = start("expected/rerank_input.jsonl", 1);
    Mutations.survive(
        "JSON lines",
        count(),
        mutation -> {
          String text = decoded(mutation.of(pair));
          JsonLine read = JsonLine.parse(line(text));
          Map<String, String> texts = new LinkedHashMap<>();
          REQUIRED.forEach(field -> texts.put(field, read.required(field)));
          String title = read.orEmpty(Pairs.TITLE);
          Double score = read.numberOrNull(Pairs.FIRST_SCORE);

          JsonObject json = StrictJson.object(text);
          texts.forEach((field, value) -> assertThat(value).isEqualTo(text(json, field)));
          // Spark and the tokenizer take UTF-8: what that cannot hold would change on its way.
          String all = title + String.join("", texts.values());
          assertThat(new String(all.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8))
              .isEqualTo(all);
          assertThat(title).isEqualTo(isMissing(json, Pairs.TITLE) ? "" : text(json, Pairs.TITLE));
          if (score == null) {
            assertThat(StrictJson.has(json, Pairs.FIRST_SCORE)).isFalse();
          } else {
            assertThat(score).isEqualTo(json.get(Pairs.FIRST_SCORE).getAsDouble());
          }
        });
  }

  /** BEIR's form, of which {@code prepare} makes Tevatron's. */
  @Test
  void corpusOfBeir() throws IOException {
    byte[] passage =
        new String(start("data/corpus.jsonl", 1), StandardCharsets.UTF_8)
            .replace("\"docid\"", "\"_id\"")
            .getBytes(StandardCharsets.UTF_8);
    Mutations.survive(
        "BEIR's corpus",
        count(),
        mutation -> {
          String text = decoded(mutation.of(passage));
          JsonLine read = JsonLine.parse(line(text));
          String docid = read.id(Field.DOCID);
          String passageText = read.required(Field.TEXT);
          JsonObject json = StrictJson.object(text);
          String id =
              Stream.of("docid", "_id", "doc_id", "id").filter(json::has).findFirst().orElseThrow();
          assertThat(docid).isEqualTo(text(json, id));
          assertThat(passageText).isEqualTo(text(json, json.has("text") ? "text" : "body"));
          JsonObject record = StrictJson.object(read.record());
          assertThat(record.getAsJsonPrimitive("docid").isString()).isTrue();
          assertThat(text(record, "docid")).isEqualTo(docid);
          assertThat(text(record, "text")).isEqualTo(passageText);
          assertThat(record.size()).isEqualTo(json.size());
        });
  }

  /** A line that is passed over by a scan is one that the reader takes, with the same docid. */
  @Test
  void scannedPassages() throws IOException {
    String beir =
        "{\"_id\": \"a1\", \"title\": \"A\", \"text\": \"b\\u00e9\\n\\\"c \u20ac\", \"metadata\":"
            + " {\"id\": [1, 2.5, null, true, {\"docid\": \"b2\"}]}}";
    String numbered = "{\"id\": 17, \"doc_id\": 18, \"body\": \"b\", \"title\": null}";
    for (String line :
        List.of(
            new String(start("data/corpus.jsonl", 1), StandardCharsets.UTF_8), beir, numbered)) {
      scanned(line, new JsonScan(), this::docidOfJson);
    }
    scanned("d1\tcaf\u00e9 \"b\" c", TabLine.Form.PASSAGES);
    scanned("d1\thttps://a.example/1\tOne\tfirst", TabLine.Form.DOCUMENTS);
  }

  private void scanned(String line, TabLine.Form form) {
    scanned(line, new TabScan(form), text -> TabLine.parse(line(text), form).id(Pairs.DOCID));
  }

  /** Reads a line whole. */
  @FunctionalInterface
  private interface DocidReading {
    String of(String line) throws IOException;
  }

  private void scanned(String text, LineScan scan, DocidReading reading) {
    byte[] line = text.getBytes(StandardCharsets.UTF_8);
    assertThat(scan.isSureOf(line, line.length)).as(text).isTrue();
    Mutations.survive(
        "scan of " + text.substring(0, 10).replace('\t', ' '),
        count(),
        mutation -> checkScan(scan, mutation.of(line), reading));
    for (int at = 0; at < line.length; at++) {
      byte[] changed = line.clone();
      for (byte value : OF_MEANING.getBytes(StandardCharsets.ISO_8859_1)) {
        changed[at] = value;
        try {
          checkScan(scan, changed, reading);
        } catch (IOException | InputException e) {
          assertThat(scan.isSureOf(changed, changed.length)).as(e.getMessage()).isFalse();
        }
      }
    }
  }

  private static void checkScan(LineScan scan, byte[] bytes, DocidReading reading)
      throws IOException {
    String found =
        scan.isSureOf(bytes, bytes.length)
            ? new String(bytes, scan.from(), scan.to() - scan.from(), StandardCharsets.UTF_8)
            : null;
    try {
      String docid = reading.of(decoded(bytes));
      assertThat(found).isIn(null, docid);
    } catch (InputException e) {
      assertThat(found).as("the scan's docid where the reader says " + e.getMessage()).isNull();
      throw e;
    }
  }

  /** All that is asked of a passage by {@code prepare} and by {@code rerank}. */
  private String docidOfJson(String line) throws IOException {
    JsonLine read = JsonLine.parse(line(line));
    String docid = read.id(Field.DOCID);
    read.orEmpty(Pairs.TITLE);
    read.required(Field.TEXT);
    read.record();
    return docid;
  }

  /** The same through Spark, which is slow: fewer. */
  @Test
  void filesThroughSpark() throws IOException {
    SparkSession spark =
        SparkSession.builder()
            .master("local[1]")
            .config("spark.sql.shuffle.partitions", 1)
            .getOrCreate();
    spark.sparkContext().setLogLevel("OFF"); // a stack trace of every refused file
    Configurator.setLevel("org.apache.spark.scheduler.TaskSetManager", Level.OFF);
    try {
      survivesSpark(
          "pairs.jsonl",
          start("expected/rerank_input.jsonl", 3),
          paths -> RerankInput.read(spark, paths, Shard.ALL).orderBy(Pairs.POSITION),
          (line, row) -> {
            JsonObject json = StrictJson.object(line);
            for (String field : REQUIRED) {
              assertThat(row.<String>getAs(field)).isEqualTo(text(json, field));
            }
          });
      survivesSpark(
          "queries.tsv",
          start("data/queries.tsv", 5),
          paths -> Texts.queries(spark, paths),
          (line, row) ->
              assertThat(row.getAs(Pairs.QID) + "\t" + row.getAs(Pairs.QUERY)).isEqualTo(line));
      survivesSpark(
          "msmarco-docs.tsv",
          "d1\thttps://a.example/1\tOne\tthe first\nd2\thttps://a.example/2\t\tthe second"
              .getBytes(StandardCharsets.UTF_8),
          paths -> Texts.passages(spark, paths),
          (line, row) -> {
            String[] columns = line.split("\t", -1);
            assertThat(columns.length).isIn(2, 4);
            assertThat(row.<String>getAs(Pairs.DOCID)).isEqualTo(columns[0]);
            assertThat(row.<String>getAs(Pairs.TITLE))
                .isEqualTo(columns.length == 4 ? columns[2] : "");
            assertThat(row.<String>getAs(Pairs.TEXT)).isEqualTo(columns[columns.length - 1]);
          });
      survivesSpark(
          "run.txt",
          start("data/run.trec", 5),
          paths ->
              RunFiles.read(spark, paths, RunReader.AUTO, /* depth= */ 100).orderBy(Pairs.POSITION),
          (line, row) ->
              assertThat(words(line))
                  .contains(row.<String>getAs(Pairs.QID), row.<String>getAs(Pairs.DOCID)));
    } finally {
      spark.stop();
    }
  }

  /** Reads a file as a data set. */
  @FunctionalInterface
  private interface Reading {
    Dataset<Row> of(InputPaths paths);
  }

  /** Compares a line with its row. */
  @FunctionalInterface
  private interface Comparison {
    void compare(String line, Row row) throws IOException;
  }

  private void survivesSpark(String name, byte[] file, Reading reading, Comparison comparison)
      throws IOException {
    Path path = Files.write(folder.resolve(name), file);
    InputPaths paths = InputPaths.of("--input", List.of(path.toString()));
    assertThat(reading.of(paths).collectAsList())
        .isNotEmpty(); // Spark's own code takes memory once
    Mutations.survive(
        name + " through Spark",
        count() / 20,
        mutation -> {
          byte[] mutated = mutation.of(file);
          Files.write(path, mutated);
          List<Row> rows = unwrapped(() -> reading.of(paths).collectAsList());
          List<String> lines =
              lines(mutated).stream().filter(line -> !words(line).isEmpty()).toList();
          assertThat(rows).hasSameSizeAs(lines);
          for (int i = 0; i < rows.size(); i++) {
            comparison.compare(lines.get(i), rows.get(i));
          }
        });
  }

  /** Spark puts an executor's exception into its own, out of which the command takes it. */
  private static <T> T unwrapped(Supplier<T> job) throws Exception {
    try {
      return job.get();
    } catch (Exception e) { // a SparkException, which is checked and not declared
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (cause instanceof InputException input) {
          throw input;
        }
      }
      throw e;
    }
  }

  private static List<String> words(String line) {
    return Arrays.stream(line.split(SPACE)).filter(word -> !word.isEmpty()).toList();
  }

  private TextLines.TextLine line(String text) throws IOException {
    Path file = Files.writeString(folder.resolve("line.jsonl"), "");
    return new TextLines.TextLine(0, file.toString(), file.toString(), 0, text);
  }

  /** A text as it is; a number as Python's {@code str} has it, where that is no matter of form. */
  private static String text(JsonObject json, String field) {
    JsonPrimitive value = json.getAsJsonPrimitive(field);
    String text = value.getAsString();
    assertThat(value.isBoolean()).isFalse();
    if (!value.isNumber()) {
      return text;
    }
    return text.matches("-?\\d+")
        ? value.getAsBigInteger().toString()
        : PythonFloat.repr(value.getAsDouble());
  }

  /** Absent, null or what pandas writes for it. */
  private static boolean isMissing(JsonObject json, String field) {
    return !StrictJson.has(json, field)
        || (json.get(field) instanceof JsonPrimitive value
            && !value.isBoolean()
            && value.getAsString().equals("NaN"));
  }

  private static BigDecimal number(String text) {
    return new BigDecimal(text.replace("_", ""));
  }

  private static byte[] start(String name, int lines) throws IOException {
    return Files.readAllLines(REFERENCE.resolve(name)).stream()
        .limit(lines)
        .collect(Collectors.joining("\n"))
        .getBytes(StandardCharsets.UTF_8);
  }

  /** The columns of all lines that are not blank. */
  private static List<List<String>> columns(byte[] file) throws IOException {
    List<List<String>> all = new ArrayList<>();
    for (String line : lines(file)) {
      List<String> columns = words(line);
      if (!columns.isEmpty()) {
        all.add(columns);
      }
    }
    return all;
  }

  private static List<String> lines(byte[] file) throws IOException {
    return Arrays.asList(utf8(file).split("\r\n|\r|\n"));
  }

  private static String utf8(byte[] file) throws IOException {
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(file)).toString();
  }

  /** A line that is not UTF-8 is refused before it is parsed. */
  private static String decoded(byte[] line) throws IOException {
    try {
      return utf8(line);
    } catch (CharacterCodingException e) {
      throw new InputException("not UTF-8", e);
    }
  }
}
