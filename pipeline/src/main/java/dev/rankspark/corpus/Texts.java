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
import dev.rankspark.run.PythonText;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;

/** Queries and passages from JSON lines, tab-separated files or Parquet. */
final class Texts {
  static final String QUERIES_OPTION = "--queries";
  static final String CORPUS_OPTION = "--corpus";

  private Texts() {}

  /** {@link Pairs#QUERIES}: {@code query_id, query} or {@code qid\ttext}. */
  static Dataset<Row> queries(SparkSession spark, List<String> paths) {
    List<InputFile> files = InputFiles.resolve(paths, QUERIES_OPTION, hadoop(spark));
    return switch (InputFiles.format(files, QUERIES_OPTION, hadoop(spark))) {
      case PARQUET ->
          parquet(spark, files, QUERIES_OPTION, Pairs.QID, Pairs.QUERY)
              .select(
                  monotonically_increasing_id().as(Pairs.POSITION),
                  text(Pairs.QID),
                  text(Pairs.QUERY));
      case JSON_LINES ->
          spark.createDataFrame(
              nonBlank(spark, files)
                  .map(JsonLine::parse)
                  .map(
                      json ->
                          RowFactory.create(
                              json.line().position(),
                              json.required(Pairs.QID),
                              json.required(Pairs.QUERY))),
              Pairs.QUERIES);
      case TAB_SEPARATED ->
          spark.createDataFrame(
              nonBlank(spark, files)
                  .map(
                      line -> {
                        String[] fields = fields(line, "\"qid\\ttext\"");
                        return RowFactory.create(line.position(), fields[0], fields[1]);
                      }),
              Pairs.QUERIES);
    };
  }

  /**
   * {@link Pairs#PASSAGES}: {@code docid, title, text} or {@code docid\ttext}; an absent title is
   * empty.
   */
  static Dataset<Row> passages(SparkSession spark, List<String> paths) {
    List<InputFile> files = InputFiles.resolve(paths, CORPUS_OPTION, hadoop(spark));
    return switch (InputFiles.format(files, CORPUS_OPTION, hadoop(spark))) {
      case PARQUET -> {
        Dataset<Row> table = parquet(spark, files, CORPUS_OPTION, Pairs.DOCID, Pairs.TEXT);
        Column title = has(table, Pairs.TITLE) ? text(Pairs.TITLE) : lit("");
        yield table.select(
            monotonically_increasing_id().as(Pairs.POSITION),
            text(Pairs.DOCID),
            coalesce(title, lit("")).as(Pairs.TITLE),
            text(Pairs.TEXT));
      }
      case JSON_LINES ->
          spark.createDataFrame(
              nonBlank(spark, files)
                  .map(JsonLine::parse)
                  .map(
                      json ->
                          RowFactory.create(
                              json.line().position(),
                              json.required(Pairs.DOCID),
                              json.orEmpty(Pairs.TITLE),
                              json.required(Pairs.TEXT))),
              Pairs.PASSAGES);
      case TAB_SEPARATED ->
          spark.createDataFrame(
              nonBlank(spark, files)
                  .map(
                      line -> {
                        String[] fields = fields(line, "\"docid\\ttext\"");
                        return RowFactory.create(line.position(), fields[0], "", fields[1]);
                      }),
              Pairs.PASSAGES);
    };
  }

  /** {@link Pairs#RECORDS}: passages with all their columns, in the order of the file. */
  static Dataset<Row> records(SparkSession spark, List<String> paths) {
    List<InputFile> files = InputFiles.resolve(paths, CORPUS_OPTION, hadoop(spark));
    return switch (InputFiles.format(files, CORPUS_OPTION, hadoop(spark))) {
      case PARQUET -> {
        Dataset<Row> table = parquet(spark, files, CORPUS_OPTION, Pairs.DOCID, Pairs.TEXT);
        Column[] columns = Arrays.stream(table.columns()).map(Texts::quoted).toArray(Column[]::new);
        yield table.select(
            monotonically_increasing_id().as(Pairs.POSITION),
            text(Pairs.DOCID),
            to_json(struct(columns), Map.of("ignoreNullFields", "false")).as(Pairs.RECORD));
      }
      case JSON_LINES ->
          spark.createDataFrame(
              nonBlank(spark, files)
                  .map(JsonLine::parse)
                  .map(
                      json ->
                          RowFactory.create(
                              json.line().position(),
                              json.required(Pairs.DOCID),
                              json.line().text())),
              Pairs.RECORDS);
      case TAB_SEPARATED ->
          spark.createDataFrame(
              nonBlank(spark, files)
                  .map(
                      line -> {
                        String[] fields = fields(line, "\"docid\\ttext\"");
                        String json =
                            JsonNodeFactory.instance
                                .objectNode()
                                .put(Pairs.DOCID, fields[0])
                                .put(Pairs.TITLE, "")
                                .put(Pairs.TEXT, fields[1])
                                .toString();
                        return RowFactory.create(line.position(), fields[0], json);
                      }),
              Pairs.RECORDS);
    };
  }

  private static JavaRDD<TextLine> nonBlank(SparkSession spark, List<InputFile> files) {
    return TextLines.read(spark, files).filter(line -> !PythonText.strip(line.text()).isEmpty());
  }

  private static String[] fields(TextLine line, String expected) {
    String[] fields = line.text().split("\t", 2);
    if (fields.length < 2 || fields[0].isEmpty()) {
      throw line.wrong("expected " + expected + ", got \"" + line.text() + "\"");
    }
    return fields;
  }

  private static Dataset<Row> parquet(
      SparkSession spark, List<InputFile> files, String option, String... required) {
    Dataset<Row> table =
        spark
            .read()
            .parquet(files.stream().map(file -> file.path().toString()).toArray(String[]::new));
    for (String column : required) {
      if (!has(table, column)) {
        throw InputException.of(
            "%s: %s: expected a column \"%s\", got %s",
            option, files.get(0).name(), column, String.join(", ", table.columns()));
      }
    }
    return table;
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

  private static Configuration hadoop(SparkSession spark) {
    return spark.sparkContext().hadoopConfiguration();
  }
}
