package dev.rankspark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

class SqlSettingsTest {
  private static final String PARTITIONS = "spark.sql.shuffle.partitions";

  @Test
  void onOneMachineShufflesAreSmallUnlessTheUserSaysOtherwise() {
    try (SparkSession spark = spark()) {
      assertThat(ours(spark, PARTITIONS)).isEqualTo("8");

      spark.conf().set(PARTITIONS, "200");
      assertThat(ours(spark, PARTITIONS)).isEqualTo("200");
    }
  }

  @Test
  void whereANumberHasToBeNamedDatabricksAutoIsSparksOwn() {
    assertThat(SqlSettings.number("auto")).isEqualTo(200);
    assertThat(SqlSettings.number("7")).isEqualTo(7);
  }

  @Test
  void whatSparkFourHasOtherwiseIsAsInThree() {
    try (SparkSession spark = spark()) {
      spark.conf().set("spark.sql.ansi.enabled", "true");
      assertThat(ours(spark, "spark.sql.ansi.enabled")).isEqualTo("false");
      assertThat(spark.conf().get("spark.sql.ansi.enabled")).isEqualTo("true");
    }
  }

  private static String ours(SparkSession spark, String name) {
    return SqlSettings.with(spark, session -> session.conf().get(name));
  }

  private static SparkSession spark() {
    return SparkSession.builder()
        .master("local[2]")
        .config("spark.ui.enabled", false)
        .getOrCreate();
  }
}
