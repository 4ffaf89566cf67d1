package dev.rankspark.corpus;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.monotonically_increasing_id;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.rankspark.InputException;
import dev.rankspark.corpus.InputFiles.InputFile;
import dev.rankspark.corpus.TextLines.TextLine;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Queries and passages from JSON lines, tab-separated files or Parquet. */
final class Texts {
  private static final String PASSAGE_FIELDS = "\"docid\\ttext\"";

  private Texts() {}

  /**
   * How one kind of text is read from each format.
   *
   * @param expected the columns of a tab-separated line, for messages
   * @param json a row from a JSON object
   * @param tabs a row from a line and its two fields
   * @param table the columns of a Parquet table
   */
  private record Reader(
      StructType schema,
      String expected,
      Function<JsonLine, Row> json,
      Function2<TextLine, String[], Row> tabs,
      UnaryOperator<Dataset<Row>> table) {

    Dataset<Row> read(SparkSession spark, InputPaths paths) {
      Configuration hadoop = spark.sparkContext().hadoopConfiguration();
      List<InputFile> files = InputFiles.resolve(paths, hadoop);
      String option = paths.option();
      // Tasks take what they need, not the reader: it knows DataFrames.
      Function<JsonLine, Row> ofJson = json;
      Function2<TextLine, String[], Row> ofTabs = tabs;
      String columns = expected;
      return switch (InputFiles.format(files, option, hadoop)) {
        case PARQUET -> table.apply(parquet(spark, files, option, schema.fieldNames()[1]));
        case JSON_LINES ->
            spark.createDataFrame(
                TextLines.readNonBlank(spark, files).map(JsonLine::parse).map(ofJson), schema);
        case TAB_SEPARATED ->
            spark.createDataFrame(
                TextLines.readNonBlank(spark, files)
                    .map(line -> ofTabs.call(line, fields(line, columns))),
                schema);
      };
    }
  }

  /** {@link Pairs#QUERIES}: {@code query_id, query} or {@code qid\ttext}. */
  static Dataset<Row> queries(SparkSession spark, InputPaths paths) {
    return new Reader(
            Pairs.QUERIES,
            "\"qid\\ttext\"",
            json ->
                RowFactory.create(
                    json.line().position(), json.id(Pairs.QID), json.required(Pairs.QUERY)),
            (line, fields) ->
                RowFactory.create(line.position(), line.id(Pairs.QID, fields[0]), fields[1]),
            table ->
                table.select(
                    monotonically_increasing_id().as(Pairs.POSITION),
                    text(Pairs.QID),
                    text(Pairs.QUERY)))
        .read(spark, paths);
  }

  /**
   * {@link Pairs#PASSAGES}: {@code docid, title, text} or {@code docid\ttext}; an absent title is
   * empty.
   */
  static Dataset<Row> passages(SparkSession spark, InputPaths paths) {
    return new Reader(
            Pairs.PASSAGES,
            PASSAGE_FIELDS,
            json ->
                RowFactory.create(
                    json.line().position(),
                    json.id(Pairs.DOCID),
                    json.orEmpty(Pairs.TITLE),
                    json.required(Pairs.TEXT)),
            (line, fields) ->
                RowFactory.create(line.position(), line.id(Pairs.DOCID, fields[0]), "", fields[1]),
            table ->
                table.select(
                    monotonically_increasing_id().as(Pairs.POSITION),
                    text(Pairs.DOCID),
                    coalesce(has(table, Pairs.TITLE) ? text(Pairs.TITLE) : lit(""), lit(""))
                        .as(Pairs.TITLE),
                    text(Pairs.TEXT)))
        .read(spark, paths);
  }

  /** {@link Pairs#RECORDS}: passages with all their columns, in the order of the file. */
  static Dataset<Row> records(SparkSession spark, InputPaths paths) {
    return new Reader(
            Pairs.RECORDS,
            PASSAGE_FIELDS,
            json ->
                RowFactory.create(json.line().position(), json.id(Pairs.DOCID), json.line().text()),
            (line, fields) ->
                RowFactory.create(line.position(), line.id(Pairs.DOCID, fields[0]), record(fields)),
            table ->
                table.select(
                    monotonically_increasing_id().as(Pairs.POSITION),
                    text(Pairs.DOCID),
                    to_json(
                            struct(
                                Arrays.stream(table.columns())
                                    .map(Texts::quoted)
                                    .toArray(Column[]::new)),
                            Map.of("ignoreNullFields", "false"))
                        .as(Pairs.RECORD)))
        .read(spark, paths);
  }

  /** What a tab-separated passage is as JSON. */
  private static String record(String[] fields) {
    return JsonNodeFactory.instance
        .objectNode()
        .put(Pairs.DOCID, fields[0])
        .put(Pairs.TITLE, "")
        .put(Pairs.TEXT, fields[1])
        .toString();
  }

  private static String[] fields(TextLine line, String expected) {
    String[] fields = line.text().split("\t", 2);
    if (fields.length < 2) {
      throw line.wrong("expected " + expected + ", got \"" + line.text() + "\"");
    }
    return fields;
  }

  private static Dataset<Row> parquet(
      SparkSession spark, List<InputFile> files, String option, String id) {
    Dataset<Row> table =
        spark
            .read()
            .parquet(files.stream().map(file -> file.path().toString()).toArray(String[]::new));
    for (String column : List.of(id, id.equals(Pairs.QID) ? Pairs.QUERY : Pairs.TEXT)) {
      if (!has(table, column)) {
        throw InputException.of(
            "%s: %s: expected a column \"%s\", got %s",
            option, files.get(0).name(), column, String.join(", ", table.columns()));
      }
    }
    return TableIds.checked(table, id);
  }

  private static boolean has(Dataset<Row> table, String column) {
    return Arrays.asList(table.columns()).contains(column);
  }

  private static Column text(String column) {
    return col(column).cast(DataTypes.StringType).as(column);
  }

  private static Column quoted(String column) {
    return col("`" + column.replace("`", "``") + "`");
  }
}
