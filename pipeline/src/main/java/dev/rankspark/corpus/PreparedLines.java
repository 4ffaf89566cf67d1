package dev.rankspark.corpus;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.cluster.SqlSettings;
import dev.rankspark.files.OutputFile;
import dev.rankspark.files.OutputFile.IfExists;
import dev.rankspark.python.PythonJson;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.DataTypes;

/**
 * Candidates and their passages on their way into one file. They are joined, sorted, counted and
 * written in one go: which part of the file a query belongs to is known from the run alone, so
 * nothing looks through the texts to find out how to sort them.
 *
 * @param asked the candidates
 * @param rows their lines by part, in order
 */
record PreparedLines(Asked asked, Dataset<Row> rows) {
  private static final String PART = "part";

  /** Below this many lines a part is not worth a file of its own. */
  private static final long LEAST_OF_PART = 10_000;

  /** Parts for each task that writes, so that what one has more, another has less. */
  private static final int PARTS_PER_TASK = 4;

  private static final String[] COLUMNS = {
    PART,
    Pairs.QUERY_POSITION,
    Pairs.POSITION,
    Pairs.QID,
    Pairs.DOCID,
    Pairs.QUERY,
    Pairs.FIRST_SCORE,
    Pairs.RECORD,
    Pairs.IS_PLAIN
  };

  /** Candidates without a passage that a task met. No record: Kryo cannot send one. */
  private static final class Missing implements Serializable {
    private static final long serialVersionUID = 1L;

    private long count;
    private long queryPosition;
    private long position;
    private String qid = "";
    private String docid = "";

    private void add(Row row) {
      if (count++ == 0) { // rows are in order
        queryPosition = row.getAs(Pairs.QUERY_POSITION);
        position = row.getAs(Pairs.POSITION);
        qid = row.getAs(Pairs.QID);
        docid = row.getAs(Pairs.DOCID);
      }
    }

    private void add(Missing other) {
      boolean isFirst =
          count == 0
              || other.queryPosition < queryPosition
              || (other.queryPosition == queryPosition && other.position < position);
      if (other.count > 0 && isFirst) {
        queryPosition = other.queryPosition;
        position = other.position;
        qid = other.qid;
        docid = other.docid;
      }
      count += other.count;
    }
  }

  /**
   * Sorts candidates.
   *
   * @param joined with {@link Pairs#RECORD}, which is null where there is no passage
   */
  static PreparedLines of(Asked asked, Dataset<Row> joined) {
    SparkSession spark = joined.sparkSession();
    long most = (long) PARTS_PER_TASK * SqlSettings.shufflePartitions(spark);
    long[] bounds =
        asked
            .summary()
            .bounds((int) Math.min(most, asked.summary().withQuery() / LEAST_OF_PART + 1));
    UDF1<Long, Integer> part =
        position -> {
          int found = Arrays.binarySearch(bounds, position);
          return found < 0 ? -found - 1 : found;
        };
    Dataset<Row> rows =
        joined
            .withColumn(PART, udf(part, DataTypes.IntegerType).apply(col(Pairs.QUERY_POSITION)))
            .select(Stream.of(COLUMNS).map(name -> col(name)).toArray(Column[]::new))
            .repartition(col(PART))
            .sortWithinPartitions(Pairs.QUERY_POSITION, Pairs.POSITION);
    return new PreparedLines(asked, rows);
  }

  /**
   * Writes them.
   *
   * @return what was found and what was left out
   */
  Candidates.Counts write(CandidateOptions options, String output, IfExists ifExists) {
    SparkSession spark = rows.sparkSession();
    Configuration settings = spark.sparkContext().hadoopConfiguration();
    JavaRDD<Row> sorted = rows.toJavaRDD(); // with adaptive execution, all but the last stage
    spark.sparkContext().setJobDescription("prepare: writes " + output);
    Broadcast<HadoopSettings> hadoop =
        JavaSparkContext.fromSparkContext(spark.sparkContext())
            .broadcast(new HadoopSettings(settings));
    Missing missing = new Missing();
    try (OutputFile file =
        SingleFile.stage(
            work -> {
              String folder = work.lines().toString();
              for (Missing ofTask :
                  sorted
                      .mapPartitions(
                          part -> List.of(written(part, folder, output, hadoop.value())).iterator())
                      .collect()) {
                missing.add(ofTask);
              }
              if (missing.count > 0) {
                Candidates.refuseMissing(
                    spark, options, asked, missing.count, missing.qid, missing.docid);
              }
            },
            output,
            ifExists,
            spark.sparkContext(),
            settings)) {
      file.commit();
    }
    hadoop.destroy();
    return Candidates.counts(asked, missing.count);
  }

  private static Missing written(
      Iterator<Row> rows, String folder, String output, HadoopSettings hadoop) {
    Lines lines = new Lines(rows);
    while (lines.beginPart()) {
      LineParts.write(lines.part, lines, folder, output, hadoop);
    }
    return lines.missing;
  }

  /** The lines of one part after the other. */
  private static final class Lines implements Iterator<String> {
    private final Iterator<Row> rows;
    private final Missing missing = new Missing();
    private Row next;
    private int part;
    private String qid;
    private String endOfLine;

    Lines(Iterator<Row> rows) {
      this.rows = rows;
      advance();
    }

    /** To the first of the parts that are not written yet, if there is one. */
    boolean beginPart() {
      if (next != null) {
        part = next.getInt(0);
      }
      return next != null;
    }

    @Override
    public boolean hasNext() {
      return next != null && next.getInt(0) == part;
    }

    @Override
    public String next() {
      if (!hasNext()) {
        throw new NoSuchElementException();
      }
      String line = line(next);
      advance();
      return line;
    }

    private void advance() {
      next = null;
      while (next == null && rows.hasNext()) {
        Row row = rows.next();
        if (row.getAs(Pairs.RECORD) == null) {
          missing.add(row);
        } else {
          next = row;
        }
      }
    }

    /** The passage's record with the pair's four fields put in, in Tevatron's order. */
    private String line(Row pair) {
      String record = pair.getAs(Pairs.RECORD);
      double score = pair.<Double>getAs(Pairs.FIRST_SCORE);
      if (!pair.<Boolean>getAs(Pairs.IS_PLAIN)) {
        return lineOfSameNames(record, score, pair);
      }
      if (!pair.<String>getAs(Pairs.QID).equals(qid)) {
        qid = pair.getAs(Pairs.QID);
        endOfLine =
            field(Pairs.QID, TextNode.valueOf(qid))
                + field(Pairs.QUERY, TextNode.valueOf(pair.getAs(Pairs.QUERY)))
                + "}";
      }
      return record.substring(0, record.length() - 1)
          + field(Pairs.FIRST_SCORE, DoubleNode.valueOf(score))
          + endOfLine;
    }

    private static String field(String name, JsonNode value) {
      return ", \"" + name + "\": " + PythonJson.dumps(value);
    }

    /** Of a passage that has such fields itself, which stay where they are, with other values. */
    private static String lineOfSameNames(String record, double score, Row pair) {
      try {
        ObjectNode passage = JsonFields.object(record);
        passage.put(Pairs.FIRST_SCORE, score);
        passage.put(Pairs.QID, pair.<String>getAs(Pairs.QID));
        passage.put(Pairs.QUERY, pair.<String>getAs(Pairs.QUERY));
        return PythonJson.dumps(passage);
      } catch (JsonProcessingException e) {
        throw new IllegalStateException(e); // we wrote it
      }
    }
  }
}
