package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The Python package's own tests, and the examples of docs/surfaces.md as they stand there, under
 * PyPI's Sparks and over Spark Connect: the scores are those of the command line.
 */
@Tag("python")
@Tag("matrix")
class SurfacesIT {
  private static final Path PAGE = PythonIT.HOME.resolve("docs/surfaces.md");

  /** Of a float32 score, between one batch and another. */
  private static final double INVARIANCE = 2e-5;

  /** The examples leave the dtype to the machine. A wrong prompt moves these scores by 7. */
  private static final double BFLOAT16 = 0.3;

  @TempDir private static Path folder;

  private static Path run;
  private static Path firstScores;

  /** The build's Spark, and those of the profile. */
  static Stream<String> sparks() {
    return Stream.concat(Stream.of(System.getProperty("rankspark.spark")), SparksIT.sparks())
        .distinct();
  }

  @BeforeAll
  static void rerankByTheCommandLine() {
    run = folder.resolve("run.txt");
    Cli.Result result =
        Cli.run(
            Cli.rerank(
                Cli.reference("expected/rerank_input.jsonl"),
                run,
                "--query-prefix",
                "query: ",
                "--passage-prefix",
                "document: ",
                "--rerank-max-len",
                "196"));
    assertThat(result.exitCode()).as(result.err()).isZero();
  }

  @ParameterizedTest
  @MethodSource("sparks")
  void thePackagesTestsPass(String name) throws Exception {
    assertTestsPass(
        Surface.of(name, folder.resolve("python")), Map.of("RANKSPARK_JAR", "" + Surface.JAR));
  }

  /** Its clients have no JVM. */
  @Test
  void thePackagesTestsAndThePagesPythonRunOverSparkConnectToo() throws Exception {
    assumeTrue(sparks().anyMatch(Surface.WITH_CONNECT::equals));
    Surface surface = Surface.of(Surface.WITH_CONNECT, folder.resolve("connect"));
    try (ConnectServer server = ConnectServer.start(surface)) {
      assertTestsPass(surface, Map.of("RANKSPARK_REMOTE", server.url()));
      assertPythonRuns(surface, "SparkSession.builder.remote('%s')".formatted(server.url()));
    }
  }

  /** The scores are the same to the bit everywhere: the plan is, too. */
  private static void assertTestsPass(Surface surface, Map<String, String> settings)
      throws Exception {
    Path scores = surface.folder().resolve("scores.txt");
    Map<String, String> environment = new HashMap<>(settings);
    environment.put("RANKSPARK_RUN", run.toString());
    environment.put("RANKSPARK_SCORES", scores.toString());

    Cli.Result result =
        surface.python(
            environment, "-m", "unittest", "discover", "-s", PythonIT.HOME.resolve("python/tests"));

    assertThat(result.exitCode()).as(result.err()).isZero();
    if (firstScores == null) {
      firstScores = scores;
    }
    assertThat(scores).hasSameBinaryContentAs(firstScores);
  }

  @ParameterizedTest
  @MethodSource("sparks")
  void thePagesSqlRuns(String name) throws Exception {
    Surface surface = Surface.of(name, folder.resolve("sql"));
    Path program = surface.folder().resolve("page.sql");
    Files.writeString(
        program,
        "CREATE TEMPORARY VIEW candidates AS SELECT query_id AS qid, docid, query, title, text AS"
            + " passage FROM json.`"
            + Cli.reference("expected/rerank_input.jsonl")
            + "`;\n"
            + examples("sql"));

    String said = surface.sql(program, "--hivevar", "model=" + Cli.reference("adapter"));

    Path scored = surface.folder().resolve("scored.txt");
    Files.write(
        scored, said.lines().filter(line -> line.matches("\\S+\t\\S+\t-?\\d+\\.\\S+")).toList());
    assertScored(scored);
    assertThat(said).containsPattern("\n0\\.\\d+\t0\\.5\t0\\.\\d+\t0\\.5\n"); // of grades
  }

  @ParameterizedTest
  @MethodSource("sparks")
  void thePagesScalaRuns(String name) throws Exception {
    Surface surface = Surface.of(name, folder.resolve("scala"));
    Path scored = surface.folder().resolve("scored.txt");
    Path program = surface.folder().resolve("page.scala");
    Files.writeString(
        program,
        """
        val model = "%s"
        spark.read.json("%s").selectExpr(
          "query_id AS qid", "docid", "query", "title", "text AS passage").createTempView("candidates")
        %s
        val lines = scored.collect().map(row => Seq("qid", "docid", "score").map(row.getAs[Any](_)).mkString("\\t"))
        java.nio.file.Files.write(java.nio.file.Paths.get("%s"), java.util.Arrays.asList(lines: _*))
        """
            .formatted(
                Cli.reference("adapter"),
                Cli.reference("expected/rerank_input.jsonl"),
                examples("scala"),
                scored));

    String said = surface.shell(program);

    assertThat(scored).as(said).exists();
    assertScored(scored);
  }

  @ParameterizedTest
  @MethodSource("sparks")
  void thePagesPythonRuns(String name) throws Exception {
    assertPythonRuns(
        Surface.of(name, folder.resolve("page")),
        "SparkSession.builder.master('local[2]').config('spark.jars', '%s')"
            .formatted(Surface.JAR));
  }

  private static void assertPythonRuns(Surface surface, String session) throws Exception {
    Path scored = surface.folder().resolve("scored.txt");
    Path program = surface.folder().resolve("page.py");
    Files.writeString(
        program,
        """
        from pyspark.sql import SparkSession
        spark = %s.getOrCreate()
        model = "%s"
        spark.read.json("%s").selectExpr(
            "query_id AS qid", "docid", "query", "title", "text AS passage").createTempView("candidates")
        spark.read.csv("%s", sep=" ").selectExpr(
            "_c0 AS qid", "_c2 AS docid", "int(_c3) AS grade").createTempView("qrels")
        %s
        with open("%s", "w", encoding="utf-8") as file:
            for row in scored.collect():
                print(row.qid, row.docid, row.score, sep="\\t", file=file)
        """
            .formatted(
                session,
                Cli.reference("adapter"),
                Cli.reference("expected/rerank_input.jsonl"),
                Cli.reference("data/qrels.txt"),
                examples("python"),
                scored));

    Cli.Result result = surface.python(Map.of(), program);

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.err()).contains("{'ndcg@10': 0.");
    assertScored(scored);
  }

  private static void assertScored(Path scored) throws IOException {
    assertThat(Files.readAllLines(scored)).hasSameSizeAs(Files.readAllLines(run));
    assertThat(Scores.read(scored).largestDifference(Scores.read(run)))
        .isLessThanOrEqualTo(BFLOAT16);
  }

  /** The page's blocks of a language, one after the other. */
  private static String examples(String language) throws IOException {
    Matcher blocks =
        Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(PAGE));
    List<String> found = blocks.results().map(block -> block.group(1)).toList();
    assertThat(found).as(language).isNotEmpty();
    return found.stream().collect(Collectors.joining("\n"));
  }

  /** From Scala to Python and back, from the oldest Spark to the newest and back. */
  @Test
  void savedStagesAreReadByTheOtherLanguageAndTheOtherSpark() throws Exception {
    List<String> names = sparks().toList();
    Surface oldest = Surface.of(names.get(0), folder.resolve("stages"));
    Surface newest = Surface.of(names.get(names.size() - 1), folder.resolve("stages"));
    Path byScala = folder.resolve("stages/scala");
    Path byPython = folder.resolve("stages/python");
    Path input = Path.of(Cli.reference("expected/rerank_input.jsonl"));
    String said =
        oldest.shell(
            Files.writeString(
                oldest.folder().resolve("save.scala"),
                """
                import org.apache.spark.ml.{Pipeline, PipelineStage}
                val reranker = (new dev.rankspark.udfs.ml.RankLlamaReranker().setModelUrl("%s").setDtype("float32")
                  .setQueryPrefix("query: ").setPassagePrefix("document: ").setRerankMaxLen(196)
                  .setInputCols(Array("query", "text", "title")))
                new Pipeline().setStages(Array[PipelineStage](reranker)).fit(spark.read.json("%s").drop("score")).write.save("%s")
                """
                    .formatted(Cli.reference("adapter"), input, byScala)));
    assertThat(byScala).as(said).exists();

    Cli.Result result =
        newest.python(
            Map.of(),
            Files.writeString(
                newest.folder().resolve("again.py"),
                """
                from pyspark.ml import PipelineModel
                from pyspark.sql import SparkSession
                import rankspark.ml
                spark = SparkSession.builder.master("local[2]").config("spark.jars", "%s").getOrCreate()
                stage = PipelineModel.load("%s").stages[0]
                stage.transform(spark.read.json("%s").drop("score")).count()
                stage.write().save("%s")
                """
                    .formatted(Surface.JAR, byScala, input, byPython)));
    assertThat(result.exitCode()).as(result.err()).isZero();

    Path scored = folder.resolve("stages/scored.txt");
    said =
        oldest.shell(
            Files.writeString(
                oldest.folder().resolve("read.scala"),
                """
                val stage = dev.rankspark.udfs.ml.RankLlamaReranker.load("%s")
                val lines = stage.transform(spark.read.json("%s").drop("score")).collect().map(row =>
                  Seq("query_id", "docid", "score").map(row.getAs[Any](_)).mkString("\\t"))
                java.nio.file.Files.write(java.nio.file.Paths.get("%s"), java.util.Arrays.asList(lines: _*))
                """
                    .formatted(byPython, input, scored)));
    assertThat(scored).as(said).exists();
    assertThat(Scores.read(scored).largestDifference(Scores.read(run)))
        .isLessThanOrEqualTo(INVARIANCE);
  }
}
