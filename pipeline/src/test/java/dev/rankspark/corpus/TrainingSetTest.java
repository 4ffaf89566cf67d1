package dev.rankspark.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.rankspark.InputException;
import dev.rankspark.files.InputPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.sql.SparkSession;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingSetTest {
  private static final InputPaths NO_CORPUS = InputPaths.of("--corpus-path", List.of());

  private static final String FIRST =
      """
      {"query_id": 7, "query": "who", "positive_passages": [{"docid": 12, "text": "he"}], \
      "negative_passages": [{"docid": "d2", "title": "T", "text": "she"}, \
      {"docid": "d3", "title": null, "text": "it"}]}
      """;

  private static final String SECOND =
      """
      {"query_id": "q8", "query": "what", "positive_passages": [{"docid": "d4", "text": "that"}], \
      "negative_passages": [{"docid": "d5", "title": "", "text": "this"}], "more": 1}
      """;

  private static final TrainItem FIRST_ITEM =
      new TrainItem(
          0,
          "7",
          "who",
          List.of(new Passage("12", "", "he")),
          List.of(new Passage("d2", "T", "she"), new Passage("d3", "", "it")));

  private static final TrainItem SECOND_ITEM =
      new TrainItem(
          1,
          "q8",
          "what",
          List.of(new Passage("d4", "", "that")),
          List.of(new Passage("d5", "", "this")));

  private static SparkSession spark;

  @TempDir Path folder;

  @BeforeAll
  static void start() {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", false)
            .config("spark.sql.shuffle.partitions", 3)
            .getOrCreate();
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  @Test
  void jsonLines() throws IOException {
    TrainingSet set = read(write("train.jsonl", FIRST + "\n \n" + SECOND), 8);
    assertThat(set.size()).isEqualTo(2);
    assertThat(items(set)).containsExactly(FIRST_ITEM, SECOND_ITEM);
  }

  @Test
  void itemsAreNumberedThroughAllFilesHoweverTheyAreSplit() throws IOException {
    String lines =
        IntStream.range(0, 40)
            .mapToObj(i -> SECOND.replace("q8", "q" + i).replace("this", "x".repeat(i * i)))
            .collect(Collectors.joining());
    String end = SECOND.replace("q8", "q40");
    Path first = write("b.jsonl", lines);
    Path last = write("a.jsonl", end);
    var conf = spark.sparkContext().hadoopConfiguration();
    conf.set("mapreduce.input.fileinputformat.split.maxsize", "3000");
    try {
      TrainingSet set =
          TrainingSet.read(
              spark,
              InputPaths.of("--dataset-path", List.of(first.toString(), last.toString())),
              NO_CORPUS,
              2);
      assertThat(set.items().getNumPartitions()).isGreaterThan(5);
      assertThat(set.size()).isEqualTo(41);
      assertThat(set.items().collect())
          .hasSize(41)
          .allSatisfy(item -> assertThat(item.qid()).isEqualTo("q" + item.number()));
    } finally {
      conf.unset("mapreduce.input.fileinputformat.split.maxsize");
    }
  }

  /** The second file is the larger one, which Spark reads first; a folder's name has a blank. */
  @Test
  void parquetIsNumberedAsItsFilesStand() throws IOException {
    Path data = Files.createDirectory(folder.resolve("my data"));
    String longer =
        IntStream.range(1, 50)
            .mapToObj(i -> SECOND.replace("q8", "q" + i).replace("this", "x".repeat(i * i)))
            .collect(Collectors.joining());
    toParquet(write("first.jsonl", SECOND.replace("q8", "q0")), data.resolve("part-0.parquet"));
    toParquet(write("longer.jsonl", longer), data.resolve("part-1.parquet"));

    TrainingSet set = read(data, 2);
    assertThat(set.size()).isEqualTo(50);
    assertThat(set.items().collect())
        .hasSize(50)
        .allSatisfy(item -> assertThat(item.qid()).isEqualTo("q" + item.number()));
  }

  @Test
  void parquetHasTheSameItems() throws IOException {
    toParquet(write("train.jsonl", FIRST + SECOND), folder.resolve("train.parquet"));
    assertThat(items(read(folder.resolve("train.parquet"), 8)))
        .containsExactly(FIRST_ITEM, SECOND_ITEM);
  }

  @Test
  void passagesByDocidHaveTheCorpussTexts() throws IOException {
    Path corpus =
        write(
            "corpus.jsonl",
            """
            {"docid": "d2", "title": "old", "text": "she, before"}
            {"docid": "d2", "title": "T", "text": "she"}
            {"docid": "d3", "text": "it"}
            {"docid": 12, "title": "not this", "text": "as the line has its own"}
            {"docid": "d4", "text": "that"}
            {"docid": "d5", "text": "this"}
            {"docid": "d6", "text": "nobody asks for it"}
            """);
    String byId =
        FIRST
            .replace("{\"docid\": \"d2\", \"title\": \"T\", \"text\": \"she\"}", "\"d2\"")
            .replace("\"title\": null, \"text\": \"it\"", "\"score\": 3");
    Path dataset =
        write(
            "train.jsonl",
            byId
                + """
                {"query_id": "q8", "query": "what", "positive_passages": ["d4"], \
                "negative_passages": ["d5"]}
                """);
    TrainingSet set = TrainingSet.read(spark, dataset(dataset), corpus(corpus), 2);
    assertThat(set.size()).isEqualTo(2);
    assertThat(items(set)).containsExactly(FIRST_ITEM, SECOND_ITEM);
  }

  @Test
  void docidsThatTheCorpusLacks() throws IOException {
    Path corpus = write("corpus.jsonl", "{\"docid\": \"d4\", \"text\": \"that\"}\n");
    Path dataset =
        write(
            "train.jsonl",
            FIRST
                + """
                {"query_id": "q8", "query": "what", "positive_passages": ["d4", "d9"], \
                "negative_passages": ["d5"]}
                """);
    assertRefused(
        () -> TrainingSet.read(spark, dataset(dataset), corpus(corpus), 2),
        "2 of 3 passages that are given by docid have no text in --corpus-path "
            + corpus
            + ", first docid d9 of query q8");
  }

  @Test
  void aGroupWithoutPositivesNamesItsLine() throws IOException {
    Path file =
        write(
            "train.jsonl",
            FIRST + "\n" + SECOND.replace("[{\"docid\": \"d4\", \"text\": \"that\"}]", "[]"));
    assertRefused(
        () -> read(file, 8),
        file + ":3: expected at least one passage in \"positive_passages\", got none");
  }

  @Test
  void aGroupWithoutNegativesNamesItsLineIfItNeedsOne() throws IOException {
    Path file =
        write(
            "train.jsonl",
            SECOND.replace("[{\"docid\": \"d5\", \"title\": \"\", \"text\": \"this\"}]", "[]"));
    assertRefused(
        () -> read(file, 2),
        file
            + ":1: expected at least one passage in \"negative_passages\" for --train-group-size"
            + " 2, got none");
    assertThat(items(read(file, 1))).singleElement().extracting("negatives").isEqualTo(List.of());
  }

  @Test
  void wrongLines() throws IOException {
    assertRefused(
        SECOND.replace("negative_passages", "negatives"),
        ":1: expected a list in \"negative_passages\", got none");
    assertRefused(
        SECOND.replace("\"query\": \"what\", ", ""), ":1: expected a text in \"query\", got none");
    assertRefused(
        SECOND.replace(", \"text\": \"that\"", ""),
        ":1: positive_passages[0]: docid d4 has no \"text\"; give --corpus-path if a corpus has"
            + " it");
    assertRefused(
        SECOND.replace("{\"docid\": \"d4\", \"text\": \"that\"}", "null"),
        ":1: positive_passages[0]: expected a text in \"docid\", got null");
    assertRefused(
        SECOND.replace("\"text\": \"this\"", "\"text\": []"),
        ":1: negative_passages[0]: expected a text in \"text\", got []");
    assertRefused(
        FIRST + "[]",
        ":2: expected JSON lines, one object on each line, got a JSON array; write its elements one"
            + " a line, such as by jq -c '.[]'");
    assertRefused(FIRST + "7", ":2: expected a JSON object, got \"7\"");
  }

  @Test
  void wrongRowsOfParquet() throws IOException {
    Path lines =
        write(
            "train.jsonl",
            FIRST + SECOND.replace("[{\"docid\": \"d4\", \"text\": \"that\"}]", "[]"));
    Path table = folder.resolve("train.parquet");
    toParquet(lines, table);
    assertRefused(
        () -> read(table, 8),
        table + ", row 2: expected at least one passage in \"positive_passages\", got none");

    Path pairs = folder.resolve("pairs.parquet");
    spark.read().json(lines.toString()).drop("negative_passages").write().parquet(pairs.toString());
    assertRefused(
        () -> read(pairs, 8),
        "--dataset-path: "
            + part(pairs)
            + ": expected the columns "
            + ItemReader.EXPECTED
            + ", got more, positive_passages, query, query_id");
  }

  @Test
  void nothingToTrainOn() throws IOException {
    Path file = write("train.jsonl", "\n \n");
    assertRefused(
        () -> read(file, 8),
        "--dataset-path: " + file + " has no lines; expected in each a " + ItemReader.EXPECTED);
    assertRefused(
        () -> read(write("train.tsv", "7\twho\n"), 8),
        "--dataset-path: "
            + folder.resolve("train.tsv")
            + ": expected JSON lines (.jsonl, .json) or Parquet");
  }

  @Test
  void textsOfFlagEmbedding() throws IOException {
    String line =
        """
        {"query": "who", "pos": ["he", "him"], "neg": ["she", "it", "they"], "type": "normal", \
        "pos_scores": [], "neg_scores": null, "prompt": ""}
        """;
    TrainingSet set = read(write("train.jsonl", "\n" + line), 8);
    assertThat(items(set))
        .containsExactly(
            new TrainItem(
                0,
                "1",
                "who",
                List.of(new Passage("pos[0]", "", "he"), new Passage("pos[1]", "", "him")),
                List.of(
                    new Passage("neg[0]", "", "she"),
                    new Passage("neg[1]", "", "it"),
                    new Passage("neg[2]", "", "they"))));
    assertThat(set.unused()).isEmpty();
  }

  @Test
  void whatMeansSomethingToTheirOwnProgramsIsNamed() throws IOException {
    Path file =
        write(
            "train.jsonl",
            """
            {"id": 9, "query": "who", "pos": ["he"], "neg": ["she"], "pos_scores": [0.9], "prompt": "p"}
            {"anchor": "who", "positive": "he", "negative": "she", "label": 0.5}
            """);
    TrainingSet set = read(file, 8);
    assertThat(set.unused()).containsExactly("label", "pos_scores", "prompt");
    assertThat(items(set)).extracting(TrainItem::qid).containsExactly("9", "2");
    assertThat(read(write("own.jsonl", SECOND.replace("\"more\"", "\"score\"")), 8).unused())
        .isEmpty();
  }

  /** The tenth comes after the second, a missing one is none. */
  @Test
  void columnsOfSentenceTransformers() throws IOException {
    Path file =
        write(
            "train.jsonl",
            """
            {"anchor": "who", "positive": "he", "negative": "she"}
            {"query": "what", "positive": "that", "negative_10": "c", "negative_2": "b", \
            "negative_1": "a", "negative_3": null}
            {"query": "both", "positive": ["x", "y"], "negative": ["z"]}
            """);
    assertThat(items(read(file, 8)))
        .extracting(
            TrainItem::query, item -> texts(item.positives()), item -> texts(item.negatives()))
        .containsExactly(
            tuple("who", List.of("he"), List.of("she")),
            tuple("what", List.of("that"), List.of("a", "b", "c")),
            tuple("both", List.of("x", "y"), List.of("z")));
  }

  @Test
  void parquetOfNeighboursHasTheSameItems() throws IOException {
    Path flag =
        write(
            "flag.jsonl",
            """
            {"query": "who", "pos": ["he", "him"], "neg": ["she"], "prompt": "p"}
            {"query": "what", "pos": ["that"], "neg": ["this", "those"], "prompt": "p"}
            """);
    toParquet(flag, folder.resolve("flag.parquet"));
    assertThat(items(read(folder.resolve("flag.parquet"), 8))).isEqualTo(items(read(flag, 8)));
    assertThat(read(folder.resolve("flag.parquet"), 8).unused()).containsExactly("prompt");
    Path columns =
        write(
            "columns.jsonl",
            """
            {"anchor": "who", "positive": "he", "negative_1": "she", "negative_2": "it"}
            {"anchor": "what", "positive": "that", "negative_1": "this"}
            """);
    toParquet(columns, folder.resolve("columns.parquet"));
    assertThat(items(read(folder.resolve("columns.parquet"), 8)))
        .isEqualTo(items(read(columns, 8)));
  }

  @Test
  void docidsOfTevatronsCorpusForm() throws IOException {
    Path corpus =
        write(
            "corpus.jsonl",
            """
            {"docid": "12", "text": "he"}
            {"docid": "d2", "title": "T", "text": "she"}
            {"docid": "d3", "text": "it"}
            """);
    String line =
        """
        {"query_id": 7, "query_text": "who", "query_image": null, "positive_document_ids": [12], \
        "negative_document_ids": ["d2", "d3"]}
        """;
    Path dataset = write("train.jsonl", line);
    assertThat(items(TrainingSet.read(spark, dataset(dataset), corpus(corpus), 2)))
        .containsExactly(FIRST_ITEM);
    assertRefused(
        line,
        ":1: positive_document_ids[0]: docid 12 has no \"text\"; give --corpus-path if a corpus has"
            + " it");
  }

  @Test
  void anItemWithoutAnIdIsCalledByItsNumber() throws IOException {
    Path file = write("train.jsonl", FIRST + SECOND.replace("\"query_id\": \"q8\", ", ""));
    assertThat(items(read(file, 8))).extracting(TrainItem::qid).containsExactly("7", "2");
  }

  @Test
  void wrongLinesOfNeighbours() throws IOException {
    assertRefused(
        "{\"query\": \"who\", \"text\": \"he\"}",
        ":1: expected " + ItemReader.EXPECTED + ", got \"query\", \"text\"");
    assertRefused(
        "{\"query\": \"who\", \"pos\": [\"he\"], \"neg\": []}",
        ":1: expected at least one passage in \"neg\" for --train-group-size 8, got none");
    assertRefused(
        "{\"query\": \"who\", \"pos\": [\"he\"]}",
        ":1: expected a text or a list of texts in \"neg\", got none");
    assertRefused(
        "{\"query\": \"who\", \"pos\": [], \"neg\": [\"she\"]}",
        ":1: expected at least one passage in \"pos\", got none");
    assertRefused(
        "{\"query\": \"who\", \"pos\": [\"he\", 3], \"neg\": [\"she\"]}",
        ":1: pos[1]: expected a text, got 3");
    assertRefused(
        "{\"anchor\": \"who\", \"positive\": \"he\"}",
        ":1: expected a text or a list of texts in \"negative\", got none");
    assertRefused(
        "{\"positive\": \"he\", \"negative\": \"she\"}",
        ":1: expected a text in \"query\", got none");
    assertRefused(
        "{\"query\": \"who\", \"positive\": null, \"negative\": \"she\"}",
        ":1: expected a text or a list of texts in \"positive\", got null");
  }

  private static List<String> texts(List<Passage> passages) {
    return passages.stream().map(Passage::text).toList();
  }

  private void assertRefused(String lines, String message) throws IOException {
    Path file = write("train.jsonl", lines);
    assertRefused(() -> read(file, 8), file + message);
  }

  private static void assertRefused(ThrowingCallable reading, String message) {
    assertThatThrownBy(reading)
        .satisfies(
            error -> {
              Throwable cause = error;
              while (!(cause instanceof InputException) && cause.getCause() != null) {
                cause = cause.getCause();
              }
              assertThat(cause).isInstanceOf(InputException.class).hasMessage(message);
            });
  }

  private Path write(String name, String lines) throws IOException {
    return Files.writeString(folder.resolve(name), lines);
  }

  /** One file. */
  private void toParquet(Path lines, Path file) throws IOException {
    Path parts = folder.resolve("parts of " + file.getFileName());
    spark.read().json(lines.toString()).coalesce(1).write().parquet(parts.toString());
    Files.move(part(parts), file);
  }

  private static Path part(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".parquet")).findFirst().orElseThrow();
    }
  }

  private static TrainingSet read(Path dataset, int trainGroupSize) {
    return TrainingSet.read(spark, dataset(dataset), NO_CORPUS, trainGroupSize);
  }

  private static InputPaths dataset(Path path) {
    return InputPaths.of("--dataset-path", List.of(path.toString()));
  }

  private static InputPaths corpus(Path path) {
    return InputPaths.of("--corpus-path", List.of(path.toString()));
  }

  private static List<TrainItem> items(TrainingSet set) {
    return set.items().collect().stream().sorted(Comparator.comparing(TrainItem::number)).toList();
  }
}
