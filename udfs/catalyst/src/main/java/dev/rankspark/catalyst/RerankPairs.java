package dev.rankspark.catalyst;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeSet;
import org.apache.spark.sql.catalyst.expressions.AttributeSet$;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import scala.collection.IndexedSeq;
import scala.collection.Seq;

/** A table with the value of a call behind its own columns, which is computed by batches. */
public final class RerankPairs extends LogicalPlan {
  private static final long serialVersionUID = 1L;

  private final RerankCall call;
  private final Attribute result;
  private final Boolean isByQuery;
  private final LogicalPlan child;

  /**
   * Its parameters are its elements, as Catalyst copies nodes.
   *
   * @param result the new column
   * @param isByQuery whether the rows of a query are in one partition, to be sorted there
   */
  public RerankPairs(RerankCall call, Attribute result, Boolean isByQuery, LogicalPlan child) {
    this.call = call;
    this.result = result;
    this.isByQuery = isByQuery;
    this.child = child;
  }

  RerankCall call() {
    return call;
  }

  Attribute result() {
    return result;
  }

  boolean isByQuery() {
    return isByQuery;
  }

  LogicalPlan child() {
    return child;
  }

  @Override
  public Seq<LogicalPlan> children() {
    return Scala.list(child);
  }

  @Override
  public LogicalPlan withNewChildrenInternal(IndexedSeq<LogicalPlan> others) {
    return new RerankPairs(call, result, isByQuery, others.apply(0));
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
    return other instanceof RerankPairs;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RerankPairs that
        && call.equals(that.call)
        && result.equals(that.result)
        && isByQuery.equals(that.isByQuery)
        && child.equals(that.child);
  }

  @Override
  public int hashCode() {
    return java.util.Objects.hash(call, result, isByQuery, child);
  }
}
