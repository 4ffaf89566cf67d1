package dev.rankspark.catalyst;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.Unevaluable;
import org.apache.spark.sql.catalyst.expressions.codegen.CodegenContext;
import org.apache.spark.sql.catalyst.expressions.codegen.ExprCode;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import scala.collection.IndexedSeq;
import scala.collection.Seq;

/**
 * A child of calls that never has a value: what has such a child the optimizer neither computes on
 * the driver, where a table of literals is, nor pushes from a filter into a join, where it would be
 * computed row by row.
 */
final class OnExecutors extends Expression implements Unevaluable, Serializable {
  private static final long serialVersionUID = 1L;

  static final OnExecutors INSTANCE = new OnExecutors();

  private OnExecutors() {}

  @Override
  public Seq<Expression> children() {
    return Scala.list(List.of());
  }

  @Override
  public OnExecutors withNewChildrenInternal(IndexedSeq<Expression> none) {
    return this;
  }

  @Override
  public boolean nullable() {
    return false;
  }

  @Override
  public DataType dataType() {
    return DataTypes.NullType;
  }

  @Override
  public Object eval(InternalRow row) {
    throw new UnsupportedOperationException();
  }

  @Override
  public ExprCode doGenCode(CodegenContext context, ExprCode code) {
    throw new UnsupportedOperationException();
  }

  @Override
  public int productArity() {
    return 0;
  }

  @Override
  public Object productElement(int number) {
    throw new IndexOutOfBoundsException(number);
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof OnExecutors;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof OnExecutors;
  }

  @Override
  public int hashCode() {
    return OnExecutors.class.hashCode();
  }
}
