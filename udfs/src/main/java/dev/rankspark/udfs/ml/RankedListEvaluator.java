package dev.rankspark.udfs.ml;

import static org.apache.spark.sql.functions.avg;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.collect_list;
import static org.apache.spark.sql.functions.struct;

import dev.rankspark.InputException;
import dev.rankspark.OptionException;
import dev.rankspark.corpus.Tables;
import dev.rankspark.eval.RankedGrades;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.ml.evaluation.Evaluator;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsReadable;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * The mean of one of trec_eval's measures over queries: of rows of groups, with an array of scores
 * and one of grades as long, or of rows of pairs, with a score and a grade, that have their query.
 * A null grade is one of a document that is not judged, a null score comes last, equal scores keep
 * their order in a group. All judged documents of a query are those that are there.
 *
 * <p>spark.ml has a {@code RankingEvaluator} of its own, for lists of labels without scores.
 */
public final class RankedListEvaluator extends Evaluator implements DefaultParamsWritable {
  private static final long serialVersionUID = 1L;

  private static final Pattern NAME = Pattern.compile("(ndcg|mrr|recall)@([1-9]\\d{0,8})|map|mrr");

  private final String uid;
  private final Param<String> scoreCol;
  private final Param<String> gradeCol;
  private final Param<String> queryCol;
  private final Param<String> metricName;

  public RankedListEvaluator() {
    this("rankedListEvaluator_" + UUID.randomUUID().toString().substring(0, 12));
  }

  /** With a name of its own. */
  public RankedListEvaluator(String uid) {
    this.uid = uid;
    scoreCol = new Param<>(this, "scoreCol", "column of the scores: a number, or an array of them");
    gradeCol =
        new Param<>(this, "gradeCol", "column of the grades: a whole number, or an array of them");
    queryCol = new Param<>(this, "queryCol", "column that rows of pairs have their query in");
    metricName =
        new Param<>(this, "metricName", "ndcg@K, mrr@K, recall@K, mrr or map, as trec_eval has it");
    setDefault(scoreCol, "score");
    setDefault(gradeCol, "grade");
    setDefault(queryCol, "query");
    setDefault(metricName, "ndcg@10");
  }

  @Override
  public String uid() {
    return uid;
  }

  public Param<String> scoreCol() {
    return scoreCol;
  }

  public RankedListEvaluator setScoreCol(String value) {
    set(scoreCol, value);
    return this;
  }

  public Param<String> gradeCol() {
    return gradeCol;
  }

  public RankedListEvaluator setGradeCol(String value) {
    set(gradeCol, value);
    return this;
  }

  public Param<String> queryCol() {
    return queryCol;
  }

  public RankedListEvaluator setQueryCol(String value) {
    set(queryCol, value);
    return this;
  }

  public Param<String> metricName() {
    return metricName;
  }

  public RankedListEvaluator setMetricName(String value) {
    set(metricName, value);
    return this;
  }

  @Override
  public boolean isLargerBetter() {
    return true;
  }

  /**
   * The mean over queries.
   *
   * @throws InputException if a column is missing, or an array of grades is not as long as that of
   *     the scores
   */
  @Override
  public double evaluate(Dataset<?> table) {
    String name = getOrDefault(metricName);
    if (!NAME.matcher(name).matches()) {
      throw OptionException.of(
          "metricName: expected ndcg@K, mrr@K, recall@K, mrr or map, got \"%s\"", name);
    }
    Dataset<Row> rows = table.toDF();
    String score = column(rows.schema(), "scoreCol", getOrDefault(scoreCol));
    String grade = column(rows.schema(), "gradeCol", getOrDefault(gradeCol));
    Dataset<Row> lists =
        rows.schema().apply(getOrDefault(scoreCol)).dataType() instanceof ArrayType
            ? rows.select(col(score).cast("array<float>"), col(grade).cast("array<int>"))
            : rows.groupBy(col(column(rows.schema(), "queryCol", getOrDefault(queryCol))))
                .agg(
                    collect_list(
                            struct(
                                col(score).cast("float").as("score"),
                                col(grade).cast("int").as("grade")))
                        .as("pairs"))
                .selectExpr("pairs.score", "pairs.grade");
    Row mean =
        lists
            .map((MapFunction<Row, Double>) row -> value(name, row), Encoders.DOUBLE())
            .select(avg("value"))
            .head();
    if (mean.isNullAt(0)) {
      throw InputException.of("%s: the table has no rows", name);
    }
    return mean.getDouble(0);
  }

  private static String column(StructType schema, String param, String name) {
    for (StructField field : schema.fields()) {
      if (field.name().equals(name)) {
        return Tables.quoted(name);
      }
    }
    throw InputException.of(
        "%s: the table has no column \"%s\", its columns are: %s",
        param, name, Arrays.asList(schema.fieldNames()));
  }

  private static double value(String name, Row row) {
    List<Float> scores = row.isNullAt(0) ? List.of() : row.getList(0);
    List<Integer> grades = row.isNullAt(1) ? List.of() : row.getList(1);
    if (scores.size() != grades.size()) {
      throw InputException.of("a group has %d scores and %d grades", scores.size(), grades.size());
    }
    int[] ranked =
        IntStream.range(0, scores.size())
            .boxed()
            .sorted(
                Comparator.comparing(
                    scores::get, Comparator.nullsLast(Comparator.<Float>reverseOrder())))
            .mapToInt(i -> grades.get(i) == null ? RankedGrades.UNJUDGED : grades.get(i))
            .toArray();
    RankedGrades list = RankedGrades.of(ranked);
    Matcher parts = NAME.matcher(name);
    if (!parts.matches() || parts.group(1) == null) {
      return name.equals("map") ? list.averagePrecision() : list.reciprocalRank(Integer.MAX_VALUE);
    }
    int k = Integer.parseInt(parts.group(2));
    return switch (parts.group(1)) {
      case "ndcg" -> list.ndcg(k);
      case "mrr" -> list.reciprocalRank(k);
      default -> list.recall(k);
    };
  }

  @Override
  public RankedListEvaluator copy(ParamMap extra) {
    return defaultCopy(extra);
  }

  /** What reads an evaluator that was saved. */
  public static MLReader<RankedListEvaluator> read() {
    return new Saved().read();
  }

  /** Reads an evaluator that was saved. */
  public static RankedListEvaluator load(String path) {
    return read().load(path);
  }

  private static final class Saved implements DefaultParamsReadable<RankedListEvaluator> {}
}
