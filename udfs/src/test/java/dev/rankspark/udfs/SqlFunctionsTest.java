package dev.rankspark.udfs;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class SqlFunctionsTest {
  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark = SparkSession.builder().master("local[1]").appName("udfs").getOrCreate();
    SqlFunctions.register(spark);
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  @Test
  void pairTextIsTevatronsTemplate() {
    assertThat(sql("'query: ', 'what is bm25', 'document: ', 'Okapi-BM25 ', 'A ranking function.'"))
        .isEqualTo("query:  what is bm25 document:  Okapi BM25 A ranking function.");
  }

  @Test
  void aNullTitleIsEmptyAndANullTextGivesNull() {
    assertThat(sql("'', 'q', '', null, 'text'")).isEqualTo("q   text");
    assertThat(sql("'', 'q', '', '', null")).isNull();
  }

  private static String sql(String arguments) {
    return spark
        .sql("SELECT " + SqlFunctions.PAIR_TEXT + "(" + arguments + ")")
        .first()
        .getString(0);
  }
}
