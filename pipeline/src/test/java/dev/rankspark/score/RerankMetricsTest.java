package dev.rankspark.score;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.corpus.Shard;
import dev.rankspark.files.InputPaths;
import dev.rankspark.files.OutputFile.IfExists;
import dev.rankspark.model.Dtype;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.reranker.ModelPaths;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Spark's own sinks say of a job: its Prometheus servlet is asked. */
class RerankMetricsTest {
  private static final Path REFERENCE = Path.of("..", "reference").toAbsolutePath().normalize();
  private static final String SERVLET = "spark.metrics.conf.*.sink.prometheusServlet.";

  @TempDir private Path folder;

  private void rerank(SparkSession spark) {
    Rerank.run(
        spark,
        new RerankOptions(
            InputPaths.of(
                "--dataset-path",
                List.of(REFERENCE.resolve("expected/rerank_input.jsonl").toString())),
            Shard.ALL,
            Optional.empty(),
            ScoreOptions.of(
                    ModelPaths.of(REFERENCE.resolve("adapter").toString()),
                    new PromptOptions("query: ", "document: ", 64, /* appendEos= */ false))
                .withDtype(Dtype.FLOAT32),
            Optional.of(folder.resolve("run.txt").toString()),
            Optional.empty(),
            RerankOptions.DEFAULT_RUN_TAG,
            IfExists.OVERWRITE,
            Optional.empty(),
            Optional.of(folder.resolve("store").toString()),
            Optional.empty()));
  }

  @Test
  void prometheusIsToldOfScoredAndOfReusedPairs() throws Exception {
    try (SparkSession spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", true)
            .config("spark.ui.port", 0)
            .config("spark.sql.shuffle.partitions", 3)
            .config(SERVLET + "class", "org.apache.spark.metrics.sink.PrometheusServlet")
            .config(SERVLET + "path", "/metrics/prometheus")
            .getOrCreate()) {
      rerank(spark);
      assertThat(metrics(spark))
          .containsPattern("rankspark_pairs_Value\\{[^}]*} 140\n")
          .containsPattern("rankspark_pairsDone_Value\\{[^}]*} 140\n")
          .containsPattern("rankspark_pairsReused_Value\\{[^}]*} 0\n");

      rerank(spark);
      assertThat(metrics(spark)).containsPattern("rankspark_pairsReused_Value\\{[^}]*} 140\n");
    }
  }

  private static String metrics(SparkSession spark) throws IOException, InterruptedException {
    URI servlet = URI.create(spark.sparkContext().uiWebUrl().get() + "/metrics/prometheus");
    return HttpClient.newBuilder()
        .followRedirects(HttpClient.Redirect.ALWAYS) // as Prometheus does
        .build()
        .send(HttpRequest.newBuilder(servlet).build(), HttpResponse.BodyHandlers.ofString())
        .body();
  }
}
