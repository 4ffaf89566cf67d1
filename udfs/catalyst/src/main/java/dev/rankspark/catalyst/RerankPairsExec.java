package dev.rankspark.catalyst;

import dev.rankspark.cluster.Mapped;
import dev.rankspark.score.ScoredTexts;
import dev.rankspark.score.TextScorer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.Ascending$;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeSet;
import org.apache.spark.sql.catalyst.expressions.AttributeSet$;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.expressions.JoinedRow;
import org.apache.spark.sql.catalyst.expressions.NullsFirst$;
import org.apache.spark.sql.catalyst.expressions.SortOrder;
import org.apache.spark.sql.catalyst.expressions.UnsafeProjection;
import org.apache.spark.sql.catalyst.plans.physical.Partitioning;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.types.DataType;
import scala.collection.IndexedSeq;
import scala.collection.Seq;

/**
 * {@link RerankPairs} as it is executed: in each partition by whole batches, in the rows' order.
 */
public final class RerankPairsExec extends SparkPlan {
  private static final long serialVersionUID = 1L;

  private final RerankCall call;
  private final Attribute result;
  private final Boolean isByQuery;
  private final SparkPlan child;

  /** As {@link RerankPairs}. */
  public RerankPairsExec(RerankCall call, Attribute result, Boolean isByQuery, SparkPlan child) {
    this.call = call;
    this.result = result;
    this.isByQuery = isByQuery;
    this.child = child;
  }

  @Override
  public Seq<SparkPlan> children() {
    return Scala.list(child);
  }

  @Override
  public SparkPlan withNewChildrenInternal(IndexedSeq<SparkPlan> others) {
    return new RerankPairsExec(call, result, isByQuery, others.apply(0));
  }

  @Override
  public Seq<Attribute> output() {
    List<Attribute> output = new ArrayList<>(Scala.toJava(child.output()));
    output.add(result);
    return Scala.list(output);
  }

  @Override
  public AttributeSet producedAttributes() {
    return AttributeSet$.MODULE$.apply(result);
  }

  @Override
  public Partitioning outputPartitioning() {
    return child.outputPartitioning();
  }

  @Override
  public Seq<SortOrder> outputOrdering() {
    return child.outputOrdering();
  }

  /** Rows of one query follow each other: what their texts begin with is computed once a batch. */
  @Override
  public Seq<Seq<SortOrder>> requiredChildOrdering() {
    Seq<SortOrder> byQuery =
        isByQuery
            ? Scala.list(
                new SortOrder(
                    call.arguments().get(0),
                    Ascending$.MODULE$,
                    NullsFirst$.MODULE$,
                    Scala.list(List.<Expression>of())))
            : Scala.list(List.<SortOrder>of());
    return Scala.list(List.of(byQuery));
  }

  @Override
  public RDD<InternalRow> doExecute() {
    return child
        .execute()
        .toJavaRDD()
        .mapPartitions(
            new Partition(
                call,
                call.scorer().forAnotherJob(sparkContext()),
                Scala.toJava(child.output()),
                result.dataType()),
            /* preservesPartitioning= */ true)
        .rdd();
  }

  /** What is done in a partition. */
  private record Partition(RerankCall call, TextScorer scorer, List<Attribute> input, DataType type)
      implements FlatMapFunction<Iterator<InternalRow>, InternalRow> {

    @Override
    public Iterator<InternalRow> call(Iterator<InternalRow> rows) {
      UnsafeProjection arguments =
          UnsafeProjection.create(Scala.list(call.arguments()), Scala.list(input));
      // Copies, as many are held, and the next one may take its place.
      Iterator<InternalRow> copies = new Mapped<>(rows, InternalRow::copy);
      List<DataType> types = new ArrayList<>(input.stream().map(Attribute::dataType).toList());
      types.add(type);
      UnsafeProjection output = UnsafeProjection.create(types.toArray(DataType[]::new));
      JoinedRow joined = new JoinedRow();
      return new Mapped<>(
          new ScoredTexts<>(scorer, copies, row -> call.texts(arguments.apply(row))),
          row -> {
            Object value = row.scores() == null ? null : call.value(row.scores());
            return output.apply(
                joined.apply(row.row(), new GenericInternalRow(new Object[] {value})));
          });
    }
  }

  @Override
  public int productArity() {
    return 4;
  }

  @Override
  public Object productElement(int number) {
    return switch (number) {
      case 0 -> call;
      case 1 -> result;
      case 2 -> isByQuery;
      case 3 -> child;
      default -> throw new IndexOutOfBoundsException(number);
    };
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof RerankPairsExec;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RerankPairsExec that
        && call.equals(that.call)
        && result.equals(that.result)
        && isByQuery.equals(that.isByQuery)
        && child.equals(that.child);
  }

  @Override
  public int hashCode() {
    return Objects.hash(call, result, isByQuery, child);
  }
}
