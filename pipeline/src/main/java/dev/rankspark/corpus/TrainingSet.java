package dev.rankspark.corpus;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.posexplode;
import static org.apache.spark.sql.functions.sort_array;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.to_json;

import dev.rankspark.InputException;
import dev.rankspark.cluster.Keyed;
import dev.rankspark.cluster.Names;
import dev.rankspark.corpus.TextLines.TextLine;
import dev.rankspark.files.InputFiles;
import dev.rankspark.files.InputFiles.InputFile;
import dev.rankspark.files.InputPaths;
import dev.rankspark.files.Shown;
import java.io.Serializable;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * Queries with their judged passages, as JSON lines or Parquet in one of the forms of {@link
 * ItemReader}. Tevatron's is {@code query_id, query, positive_passages, negative_passages}, the
 * passages {@code {docid, title, text}}, or, where a corpus gives the texts, {@code {docid}} or the
 * docid itself.
 *
 * @param items in no order: their numbers tell it, lines or rows of all files as they stand there
 * @param size how many there are, at least 1
 * @param sum tells data sets of one size apart, by all lines or rows in their order; of passages
 *     whose texts a corpus gives, by their docids
 * @param unused fields that would mean something to the program that the data are made for, and
 *     have no use here
 */
public record TrainingSet(
    JavaRDD<TrainItem> items, int size, String sum, SortedSet<String> unused) {
  private static final String NUMBER = "number";

  /** All of an item's passages, the positives first. */
  private static final String PASSAGES = "passages";

  /** How many of them are positives. */
  private static final String POSITIVES = "positives";

  private static final StructType PASSAGE =
      new StructType()
          .add(Pairs.DOCID, DataTypes.StringType, false)
          .add(Pairs.TITLE, DataTypes.StringType)
          .add(Pairs.TEXT, DataTypes.StringType);

  static final StructType ITEMS =
      new StructType()
          .add(NUMBER, DataTypes.IntegerType, false)
          .add(Pairs.QID, DataTypes.StringType, false)
          .add(Pairs.QUERY, DataTypes.StringType, false)
          .add(POSITIVES, DataTypes.IntegerType, false)
          .add(PASSAGES, DataTypes.createArrayType(PASSAGE, false), false);

  /**
   * Reads all once, to number the items and to find what is wrong with them before training begins;
   * what the items are is read again when they are used.
   *
   * @param corpus {@code --corpus-path}: the passages that are given by docid alone; may name
   *     nothing
   * @param trainGroupSize {@code --train-group-size}: from 2 on every item needs a negative
   * @throws InputException if there is no item, or one is unfit, naming its line; inside an
   *     exception of Spark's where a task found it
   */
  public static TrainingSet read(
      SparkSession spark, InputPaths dataset, InputPaths corpus, int trainGroupSize) {
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    List<InputFile> files = InputFiles.resolve(dataset, hadoop);
    ItemReader reader = new ItemReader(trainGroupSize, !corpus.isEmpty());
    Names unused = new Names();
    spark.sparkContext().register(unused, "unused fields");
    spark.sparkContext().setJobDescription("train: reads " + dataset);
    Numbered read =
        switch (InputFiles.format(files, dataset.option(), hadoop)) {
          case JSON_LINES -> ofLines(spark, files, reader, unused);
          case PARQUET -> ofTable(spark, files, dataset.option(), reader, unused);
          case TAB_SEPARATED ->
              throw InputException.of(
                  "%s: %s: expected JSON lines (.jsonl, .json) or Parquet",
                  dataset.option(), files.get(0).name());
        };
    if (read.size == 0) {
      throw InputException.of(
          "%s: %s has no lines; expected in each a %s",
          dataset.option(), dataset, ItemReader.EXPECTED);
    }
    Dataset<Row> items = spark.createDataFrame(read.rows, ITEMS);
    if (!corpus.isEmpty()) {
      spark.sparkContext().setJobDescription("train: looks up the passages of " + dataset);
      items = withTexts(spark, items, corpus);
    }
    return new TrainingSet(
        items.toJavaRDD().map(TrainingSet::item),
        Math.toIntExact(read.size),
        String.format(Locale.ROOT, "sum %016x", read.sum),
        unused.value());
  }

  private static TrainItem item(Row row) {
    List<Passage> passages =
        row.<Row>getList(row.fieldIndex(PASSAGES)).stream()
            .map(
                passage ->
                    new Passage(passage.getString(0), passage.getString(1), passage.getString(2)))
            .toList();
    int positives = row.<Integer>getAs(POSITIVES);
    return new TrainItem(
        row.<Integer>getAs(NUMBER),
        row.getAs(Pairs.QID),
        row.getAs(Pairs.QUERY),
        passages.subList(0, positives),
        passages.subList(positives, passages.size()));
  }

  /**
   * Rows of {@link #ITEMS}.
   *
   * @param size how many
   * @param sum of all in their order
   */
  private record Numbered(JavaRDD<Row> rows, long size, long sum) {}

  private static Numbered ofLines(
      SparkSession spark, List<InputFile> files, ItemReader reader, Names unused) {
    JavaRDD<TextLine> lines = TextLines.readNonBlank(spark, files);
    List<Stretch> parts =
        lines
            .mapPartitions(
                part -> {
                  Stretch all = Stretch.NONE;
                  while (part.hasNext()) {
                    TextLine line = part.next();
                    JsonFields item = JsonFields.parse(line, line.text());
                    reader.row(0, item);
                    reader.nameUnused(item, unused::add);
                    all = all.then(Stretch.of(line.text()));
                  }
                  return List.of(all).iterator();
                })
            .collect();
    long[] ends = parts.stream().mapToLong(Stretch::size).toArray();
    Arrays.parallelPrefix(ends, Long::sum);
    JavaRDD<Row> rows =
        lines.mapPartitionsWithIndex( // the files' order: splits are numbered in it
            (part, ofPart) -> numbered(ofPart, part == 0 ? 0 : ends[part - 1], reader),
            /* preservesPartitioning= */ true);
    Stretch all = parts.stream().reduce(Stretch.NONE, Stretch::then);
    return new Numbered(rows, all.size(), all.sum());
  }

  private static Iterator<Row> numbered(Iterator<TextLine> lines, long first, ItemReader reader) {
    return new Iterator<>() {
      private long number = first;

      @Override
      public boolean hasNext() {
        return lines.hasNext();
      }

      @Override
      public Row next() {
        TextLine line = lines.next();
        return reader.row(number++, JsonFields.parse(line, line.text()));
      }
    };
  }

  private static Numbered ofTable(
      SparkSession spark, List<InputFile> files, String option, ItemReader reader, Names unused) {
    ParquetFooters.check(spark, files, option);
    Dataset<Row> table = Tables.read(spark, files);
    List<String> columns =
        ItemReader.columns(Arrays.asList(table.columns()))
            .orElseThrow(
                () ->
                    InputException.of(
                        "%s: %s: expected the columns %s, got %s",
                        option,
                        files.get(0).name(),
                        ItemReader.EXPECTED,
                        String.join(", ", table.columns())));
    Column[] fields = columns.stream().map(name -> col(name)).toArray(Column[]::new);
    // Spark reads large files first, so that the place of a row has to come from the row.
    JavaRDD<TableRow> rows =
        table
            .select(col("_metadata.file_path"), col("_metadata.row_index"), to_json(struct(fields)))
            .toJavaRDD()
            .map(
                row ->
                    new TableRow(
                        Tables.address(row.getString(0)), row.getLong(1), row.getString(2)));
    // Of a row's sum its place in the file is a part, as rows are added up in any order.
    Map<String, Stretch> sizes =
        Keyed.of(
                rows,
                row -> row.file,
                row -> {
                  JsonFields item = JsonFields.parse(row, row.json);
                  reader.row(0, item);
                  reader.nameUnused(item, unused::add);
                  return Stretch.of(row.index + row.json);
                })
            .reduce(Stretch::with)
            .collect();
    Map<String, Long> firsts = new HashMap<>();
    Stretch all = Stretch.NONE;
    for (InputFile file : files) {
      firsts.put(file.path().toString(), all.size());
      all = all.then(sizes.getOrDefault(file.path().toString(), Stretch.NONE));
    }
    if (!firsts.keySet().containsAll(sizes.keySet())) {
      throw new IllegalStateException(
          "Spark calls the files " + sizes.keySet() + ", expected " + firsts.keySet());
    }
    return new Numbered(
        rows.map(
            row -> reader.row(firsts.get(row.file) + row.index, JsonFields.parse(row, row.json))),
        all.size(),
        all.sum());
  }

  /**
   * A row of a Parquet file as JSON.
   *
   * @param file its address
   * @param index where it stands in the file, from 0
   */
  private record TableRow(String file, long index, String json) implements Located, Serializable {
    @Override
    public InputException wrong(String message) {
      return InputException.of("%s, row %d: %s", Shown.path(new Path(file)), index + 1, message);
    }
  }

  /**
   * Puts the corpus's titles and texts in where an item has none. Docids, the small side, are sent
   * to the corpus; of the corpus only what they name moves.
   */
  private static Dataset<Row> withTexts(SparkSession spark, Dataset<Row> items, InputPaths corpus) {
    String at = "at";
    String passage = "passage";
    String corpusTitle = "corpus_title";
    String corpusText = "corpus_text";
    Dataset<Row> passages =
        items
            .select(
                col(NUMBER),
                col(Pairs.QID),
                col(Pairs.QUERY),
                col(POSITIVES),
                posexplode(col(PASSAGES)).as(new String[] {at, passage}))
            .select(
                col(NUMBER),
                col(Pairs.QID),
                col(Pairs.QUERY),
                col(POSITIVES),
                col(at),
                col(passage + ".*"));
    Dataset<Row> withoutText = passages.where(col(Pairs.TEXT).isNull());
    Dataset<Row> named =
        Texts.passages(spark, corpus)
            .join(
                Pairs.small(withoutText.select(Pairs.DOCID).distinct()),
                Pairs.BY_DOCID,
                "left_semi");
    Dataset<Row> found =
        Pairs.lastByPosition(named, Pairs.DOCID)
            .withColumnRenamed(Pairs.TITLE, corpusTitle)
            .withColumnRenamed(Pairs.TEXT, corpusText);
    checkFound(withoutText, found, corpus);
    return passages
        .join(found, Pairs.BY_DOCID, "left_outer")
        .groupBy(NUMBER, Pairs.QID, Pairs.QUERY, POSITIVES)
        .agg(
            sort_array(
                    collect_list(
                        struct(
                            col(at),
                            struct(
                                    col(Pairs.DOCID),
                                    coalesce(col(Pairs.TITLE), col(corpusTitle)),
                                    coalesce(col(Pairs.TEXT), col(corpusText)))
                                .as(passage))))
                .getField(passage)
                .as(PASSAGES));
  }

  private static void checkFound(Dataset<Row> withoutText, Dataset<Row> found, InputPaths corpus) {
    Dataset<Row> missing = withoutText.join(found.select(Pairs.DOCID), Pairs.BY_DOCID, "left_anti");
    long count = missing.count();
    if (count > 0) {
      Row first = missing.orderBy(NUMBER, "at").first();
      throw InputException.of(
          "%,d of %,d passages that are given by docid have no text in %s %s, first docid %s of"
              + " query %s",
          count,
          withoutText.count(),
          corpus.option(),
          corpus,
          first.<String>getAs(Pairs.DOCID),
          first.<String>getAs(Pairs.QID));
    }
  }
}
