package dev.rankspark.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Test;

class NamedDocidsTest {
  private static final int SIZE = 10_000;

  @Test
  void allThatAreNamedAndFewOthers() {
    SparkSession spark = SparkSession.builder().master("local[2]").getOrCreate();
    try {
      Dataset<Row> docids =
          spark
              .range(0, SIZE, 1, 5)
              .select(functions.format_string("d\u00e9%d", functions.col("id")));
      NamedDocids named = NamedDocids.of(docids, SIZE).value();
      assertThat(IntStream.range(0, SIZE)).allMatch(i -> named.mayHave("d\u00e9" + i));
      byte[] line = "{\"docid\": \"d\u00e917\"}".getBytes(StandardCharsets.UTF_8);
      assertThat(named.mayHave(line, 11, line.length - 2)).isTrue();
      assertThat(IntStream.range(SIZE, 2 * SIZE).filter(i -> named.mayHave("d\u00e9" + i)).count())
          .as("one of a hundred")
          .isLessThan(SIZE / 50);
      assertThat(NamedDocids.of(docids.limit(0), 0).value().mayHave("d\u00e91")).isFalse();
    } finally {
      spark.stop();
    }
  }
}
