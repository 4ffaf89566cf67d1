package dev.rankspark.jobs;

import dev.rankspark.jobs.cluster.SparkHome;
import dev.rankspark.jobs.cluster.StandaloneCluster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * What the notebooks leave, run as scripts by {@code spark-submit}.
 *
 * @param run the reranked run
 * @param reranking what that notebook printed
 * @param trained the adapter's directory
 * @param training what that notebook printed
 */
record Notebooks(Path run, String reranking, Path trained, String training) {
  /** Runs both; needs a Python on the path, not more than PySpark's oldest. */
  static Notebooks run(SparkHome spark, Path folder) throws Exception {
    Path run = folder.resolve("run.txt");
    String reranking =
        submit(
            spark,
            folder,
            "rerank.py",
            "local[2]",
            Map.of(
                "RANKSPARK_MODEL",
                Cli.reference("mistral"),
                "RANKSPARK_QUERIES",
                Cli.reference("data/queries.tsv"),
                "RANKSPARK_CORPUS",
                Cli.reference("data/corpus.jsonl"),
                "RANKSPARK_RUN",
                Cli.reference("data/run.trec"),
                "RANKSPARK_QRELS",
                Cli.reference("data/qrels.txt"),
                "RANKSPARK_DEPTH",
                "10",
                "RANKSPARK_OUTPUT",
                run.toString()));
    Path trained = folder.resolve("trained");
    // On a local master the driver would not end: Spark's timer of barriers keeps its JVM.
    try (StandaloneCluster cluster = StandaloneCluster.start(spark, folder, 2, 1)) {
      String training =
          submit(
              spark,
              folder,
              "train.py",
              cluster.url(),
              Map.of(
                  "RANKSPARK_MODEL",
                  Cli.reference("base"),
                  "RANKSPARK_DATASET",
                  TrainingFiles.write(folder.resolve("train.jsonl")).toString(),
                  "RANKSPARK_GROUP_SIZE",
                  "4",
                  "RANKSPARK_MAX_STEPS",
                  "4",
                  "RANKSPARK_WORKERS",
                  "2",
                  "RANKSPARK_OUTPUT",
                  trained.toString()));
      return new Notebooks(run, reranking, trained, training);
    }
  }

  private static String submit(
      SparkHome spark, Path folder, String name, String master, Map<String, String> settings)
      throws Exception {
    Map<String, String> environment = new HashMap<>(settings);
    environment.putAll(spark.environment());
    environment.put("PYSPARK_PYTHON", PythonIT.PYTHON.resolve("bin/python").toString());
    return PythonIT.run(
        Files.createDirectories(folder.resolve(name)),
        environment,
        spark.folder() + "/bin/spark-submit",
        "--master",
        master,
        "--jars",
        PythonIT.HOME.resolve("jobs/target/rankspark.jar").toString(),
        file(name).toString());
  }

  /** A notebook of this repository. */
  static Path file(String name) {
    return PythonIT.HOME.resolve("notebooks").resolve(name);
  }
}
