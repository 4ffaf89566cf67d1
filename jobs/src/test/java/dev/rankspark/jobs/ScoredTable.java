package dev.rankspark.jobs;

import dev.rankspark.score.PairScorer;
import java.nio.file.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * A program of a user who scores a table of one pair: prints its score by the model of its
 * argument.
 */
public final class ScoredTable {
  static final String JAVA = Path.of(System.getProperty("java.home"), "bin", "java").toString();

  private ScoredTable() {}

  public static void main(String[] args) {
    System.out.println(line(args[0]));
  }

  static String line(String model) {
    SparkSession spark =
        SparkSession.builder().master("local[1]").config("spark.ui.enabled", false).getOrCreate();
    Dataset<Row> pairs =
        spark.sql("SELECT 'old stones' AS query, 'A wall of old stones.' AS passage");
    float score = PairScorer.of(model, "query: ", "document: ", 96).score(pairs).head().getFloat(2);
    return "The score is " + score + ".";
  }
}
