package dev.rankspark.udfs;

import static org.apache.spark.sql.functions.udf;

import dev.rankspark.prompt.PairText;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF5;
import org.apache.spark.sql.types.DataTypes;

/** The SQL functions of this project. */
public final class SqlFunctions {
  /** {@code rankspark_pair_text(query_prefix, query, passage_prefix, title, text)}. */
  public static final String PAIR_TEXT = "rankspark_pair_text";

  private SqlFunctions() {}

  /** Registers all functions with a session. */
  public static void register(SparkSession spark) {
    UDF5<String, String, String, String, String, String> pairText = SqlFunctions::pairText;
    spark.udf().register(PAIR_TEXT, udf(pairText, DataTypes.StringType));
  }

  /**
   * The text that a cross encoder reads; a null title is empty, any other null makes the text null.
   */
  private static String pairText(
      String queryPrefix, String query, String passagePrefix, String title, String text) {
    if (queryPrefix == null || query == null || passagePrefix == null || text == null) {
      return null;
    }
    return new PairText(queryPrefix, passagePrefix).format(query, title == null ? "" : title, text);
  }
}
