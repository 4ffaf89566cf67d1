package dev.rankspark.corpus;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.isnan;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;
import static org.apache.spark.sql.functions.udf;
import static org.apache.spark.sql.functions.when;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.InputException;
import dev.rankspark.corpus.TextLines.TextLine;
import dev.rankspark.files.InputFiles;
import dev.rankspark.files.InputFiles.InputFile;
import dev.rankspark.files.InputPaths;
import dev.rankspark.python.PythonJson;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.BinaryType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;

/**
 * Queries and passages from JSON lines, tab-separated files or Parquet, in Tevatron's form, BEIR's
 * or that of ir_datasets.
 */
final class Texts {
  private Texts() {}

  /**
   * How one kind of text is read from each format.
   *
   * @param id the field that names a text
   * @param text the field of the text itself
   * @param form the columns of tab-separated lines
   * @param json a row from a JSON object
   * @param tabs a row from a tab-separated line
   * @param table the columns of a Parquet table, in which id and text have our names
   * @param wanted the ids that are asked for, if not all; some others may come too
   */
  private record Reader(
      StructType schema,
      Field id,
      Field text,
      Function<JavaRDD<TextLine>, TabLine.Form> form,
      Function<JsonLine, Row> json,
      Function<TabLine, Row> tabs,
      UnaryOperator<Dataset<Row>> table,
      Optional<Broadcast<NamedDocids>> wanted) {

    Dataset<Row> read(SparkSession spark, InputPaths paths) {
      Configuration hadoop = spark.sparkContext().hadoopConfiguration();
      List<InputFile> files = InputFiles.resolve(paths, hadoop);
      String option = paths.option();
      // Tasks take what they need, not the reader: it knows DataFrames.
      Function<JsonLine, Row> ofJson = json;
      Function<TabLine, Row> ofTabs = tabs;
      return switch (InputFiles.format(files, option, hadoop)) {
        case PARQUET -> table.apply(wanted(parquet(spark, files, option, id, text)));
        case JSON_LINES ->
            frame(spark, lines(spark, files, JsonScan::new).map(JsonLine::parse).map(ofJson));
        case TAB_SEPARATED -> {
          TabLine.Form columns = formOf(TextLines.readNonBlank(spark, files));
          JavaRDD<TextLine> lines = lines(spark, files, () -> new TabScan(columns));
          yield frame(spark, lines.map(line -> TabLine.parse(line, columns)).map(ofTabs));
        }
      };
    }

    private JavaRDD<TextLine> lines(
        SparkSession spark, List<InputFile> files, LineScan.Maker scans) {
      return wanted.isPresent()
          ? TextLines.readNamed(spark, files, scans, wanted.get())
          : TextLines.readNonBlank(spark, files);
    }

    /** Of lines that the scan was not sure of, those with other ids are known only now. */
    private Dataset<Row> frame(SparkSession spark, JavaRDD<Row> rows) {
      if (wanted.isEmpty()) {
        return spark.createDataFrame(rows, schema);
      }
      Broadcast<NamedDocids> ids = wanted.get();
      int column = schema.fieldIndex(id.ours());
      return spark.createDataFrame(
          rows.filter(row -> ids.value().mayHave(row.getString(column))), schema);
    }

    private Dataset<Row> wanted(Dataset<Row> rows) {
      if (wanted.isEmpty()) {
        return rows;
      }
      Broadcast<NamedDocids> ids = wanted.get();
      UDF1<String, Boolean> mayHave = docid -> ids.value().mayHave(docid);
      return rows.where(udf(mayHave, DataTypes.BooleanType).apply(col("`" + id.ours() + "`")));
    }

    private TabLine.Form formOf(JavaRDD<TextLine> lines) {
      try {
        return form.call(lines);
      } catch (RuntimeException e) {
        throw e;
      } catch (Exception e) { // Spark's own are checked, though its methods declare none
        throw new IllegalStateException(e.getMessage(), e);
      }
    }
  }

  /** {@link Pairs#QUERIES}: {@code query_id, query} or {@code qid\ttext}. */
  static Dataset<Row> queries(SparkSession spark, InputPaths paths) {
    return new Reader(
            Pairs.QUERIES,
            Field.QID,
            Field.QUERY,
            lines -> TabLine.Form.QUERIES,
            json ->
                RowFactory.create(
                    json.line().position(), json.id(Field.QID), json.required(Field.QUERY)),
            tabs -> RowFactory.create(tabs.line().position(), tabs.id(Pairs.QID), tabs.text()),
            table ->
                table
                    .select(
                        col("`" + Tables.POSITION + "`").as(Pairs.POSITION),
                        text(table, Pairs.QID),
                        text(table, Pairs.QUERY))
                    .where(col(Pairs.QUERY).isNotNull()), // a query without text is none
            Optional.empty())
        .read(spark, paths);
  }

  /**
   * {@link Pairs#PASSAGES}: {@code docid, title, text} or {@code docid\ttext}; an absent title is
   * empty.
   */
  static Dataset<Row> passages(SparkSession spark, InputPaths paths) {
    return passages(spark, paths, Optional.empty());
  }

  /**
   * Likewise.
   *
   * @param wanted the docids that are asked for; some others may come too
   */
  static Dataset<Row> passages(
      SparkSession spark, InputPaths paths, Broadcast<NamedDocids> wanted) {
    return passages(spark, paths, Optional.of(wanted));
  }

  private static Dataset<Row> passages(
      SparkSession spark, InputPaths paths, Optional<Broadcast<NamedDocids>> wanted) {
    return new Reader(
            Pairs.PASSAGES,
            Field.DOCID,
            Field.TEXT,
            TabLine::formOfPassages,
            json ->
                RowFactory.create(
                    json.line().position(),
                    json.id(Field.DOCID),
                    json.orEmpty(Pairs.TITLE),
                    json.required(Field.TEXT)),
            tabs ->
                RowFactory.create(
                    tabs.line().position(), tabs.id(Pairs.DOCID), tabs.title(), tabs.text()),
            table ->
                table.select(
                    col("`" + Tables.POSITION + "`").as(Pairs.POSITION),
                    text(table, Pairs.DOCID),
                    coalesce(has(table, Pairs.TITLE) ? text(table, Pairs.TITLE) : lit(""), lit(""))
                        .as(Pairs.TITLE),
                    text(table, Pairs.TEXT)),
            wanted)
        .read(spark, paths);
  }

  /**
   * {@link Pairs#RECORDS}: passages with all their columns, in the order of the file.
   *
   * @param wanted the docids that are asked for; some others may come too
   */
  static Dataset<Row> records(SparkSession spark, InputPaths paths, Broadcast<NamedDocids> wanted) {
    UDF1<String, String> pythons = json -> PythonJson.dumps(JsonFields.object(json));
    return new Reader(
            Pairs.RECORDS,
            Field.DOCID,
            Field.TEXT,
            TabLine::formOfPassages,
            json ->
                RowFactory.create(
                    json.line().position(),
                    json.id(Field.DOCID),
                    json.record(),
                    Pairs.OF_PAIR.stream().noneMatch(json.fields().object()::has)),
            tabs ->
                RowFactory.create(tabs.line().position(), tabs.id(Pairs.DOCID), record(tabs), true),
            table ->
                table.select(
                    col("`" + Tables.POSITION + "`").as(Pairs.POSITION),
                    text(table, Pairs.DOCID),
                    udf(pythons, DataTypes.StringType)
                        .apply(
                            to_json(
                                struct(
                                    Arrays.stream(table.columns())
                                        .filter(column -> !column.equals(Tables.POSITION))
                                        .map(column -> numbered(table, column).as(column))
                                        .toArray(Column[]::new)),
                                Map.of("ignoreNullFields", "false")))
                        .as(Pairs.RECORD),
                    lit(Pairs.OF_PAIR.stream().noneMatch(name -> has(table, name)))
                        .as(Pairs.IS_PLAIN)),
            Optional.of(wanted))
        .read(spark, paths);
  }

  /** What a tab-separated passage is as JSON of Python's. */
  private static String record(TabLine tabs) {
    ObjectNode record = JsonNodeFactory.instance.objectNode();
    record.put(Pairs.DOCID, tabs.id(Pairs.DOCID));
    tabs.url().ifPresent(url -> record.put("url", url));
    return PythonJson.dumps(record.put(Pairs.TITLE, tabs.title()).put(Pairs.TEXT, tabs.text()));
  }

  private static Dataset<Row> parquet(
      SparkSession spark, List<InputFile> files, String option, Field id, Field text) {
    ParquetFooters.check(spark, files, option);
    Dataset<Row> table = Tables.read(spark, files);
    String file = files.get(0).name();
    String idName = name(table, id, option, file);
    String textName = name(table, text, option, file);
    for (String column : List.of(idName, textName, Pairs.TITLE)) {
      if (has(table, column) && !isText(table.schema().apply(column).dataType())) {
        throw InputException.of(
            "%s: %s: expected texts in the column \"%s\", got %s",
            option, file, column, table.schema().apply(column).dataType().catalogString());
      }
    }
    return TableIds.checked(table.withColumn(Tables.POSITION, Tables.position(files)), idName)
        .withColumnRenamed(idName, id.ours())
        .withColumnRenamed(textName, text.ours());
  }

  private static String name(Dataset<Row> table, Field field, String option, String file) {
    String name =
        field.in(
            column -> has(table, column),
            message -> InputException.of("%s: %s: %s", option, file, message));
    if (!has(table, name)) {
      throw InputException.of(
          "%s: %s: expected a column %s, got %s",
          option, file, field.expected(), String.join(", ", table.columns()));
    }
    return name;
  }

  /** A number stands for its digits, as in JSON; a list or a date for nothing. */
  private static boolean isText(DataType type) {
    return type instanceof StringType
        || type instanceof NumericType
        || type instanceof BinaryType
        || type.equals(DataTypes.NullType);
  }

  private static boolean has(Dataset<Row> table, String column) {
    return Arrays.asList(table.columns()).contains(column);
  }

  private static Column text(Dataset<Row> table, String column) {
    return numbered(table, column).cast(DataTypes.StringType).as(column);
  }

  /** A column in which what is no number is missing: pandas' way to say so. */
  private static Column numbered(Dataset<Row> table, String column) {
    Column values = col(Tables.quoted(column));
    DataType type = table.schema().apply(column).dataType();
    return type.equals(DataTypes.DoubleType) || type.equals(DataTypes.FloatType)
        ? when(isnan(values), lit(null)).otherwise(values)
        : values;
  }
}
