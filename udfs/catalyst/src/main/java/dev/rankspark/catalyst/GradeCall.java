package dev.rankspark.catalyst;

import dev.rankspark.eval.RankedGrades;
import dev.rankspark.udfs.GradeFunction;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.analysis.TypeCheckResult;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.codegen.CodegenContext;
import org.apache.spark.sql.catalyst.expressions.codegen.CodegenFallback;
import org.apache.spark.sql.catalyst.expressions.codegen.ExprCode;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.ByteType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.IntegerType;
import org.apache.spark.sql.types.LongType;
import org.apache.spark.sql.types.NullType;
import org.apache.spark.sql.types.ShortType;
import scala.collection.IndexedSeq;
import scala.collection.Seq;

/** A measure of a ranked list: a double, null where an argument is. */
public final class GradeCall extends Expression implements CodegenFallback, Serializable {
  private static final long serialVersionUID = 1L;

  private final GradeFunction function;
  private final Seq<Expression> children;

  GradeCall(GradeFunction function, Seq<Expression> children) {
    this.function = function;
    this.children = children;
  }

  @Override
  public Seq<Expression> children() {
    return children;
  }

  @Override
  public GradeCall withNewChildrenInternal(IndexedSeq<Expression> others) {
    return new GradeCall(function, others);
  }

  private String argument(int number) {
    List<String> required = function.required();
    return number < required.size()
        ? required.get(number)
        : function.optional().get(number - required.size());
  }

  @Override
  public TypeCheckResult checkInputDataTypes() {
    for (int i = 0; i < children.size(); i++) {
      Expression child = children.apply(i);
      boolean isNumber = argument(i).equals("k");
      if (isNumber ? !isWhole(child.dataType()) : !isGrades(child.dataType())) {
        return new TypeCheckResult.TypeCheckFailure(
            String.format(
                "%s: expected %s as %s, got %s, which is %s",
                prettyName(),
                isNumber ? "a whole number" : "an array of whole numbers",
                argument(i),
                child.sql(),
                child.dataType().simpleString()));
      }
    }
    return TypeCheckResult.TypeCheckSuccess$.MODULE$;
  }

  private static boolean isWhole(DataType type) {
    return type instanceof IntegerType
        || type instanceof LongType
        || type instanceof ShortType
        || type instanceof ByteType
        || type instanceof NullType;
  }

  private static boolean isGrades(DataType type) {
    return type instanceof NullType
        || (type instanceof ArrayType array && isWhole(array.elementType()));
  }

  @Override
  public boolean foldable() {
    return children.forall(Expression::foldable);
  }

  @Override
  public boolean nullable() {
    return true;
  }

  @Override
  public DataType dataType() {
    return DataTypes.DoubleType;
  }

  @Override
  public Object eval(InternalRow row) {
    int[] grades = null;
    int k = Integer.MAX_VALUE;
    int[] judged = null;
    for (int i = 0; i < children.size(); i++) {
      Object value = children.apply(i).eval(row);
      if (value == null) {
        return null;
      }
      switch (argument(i)) {
        case "grades" -> grades = grades((ArrayData) value, children.apply(i).dataType());
        case "judged" -> judged = grades((ArrayData) value, children.apply(i).dataType());
        default -> k = whole(((Number) value).longValue());
      }
    }
    return function.apply(grades, k, judged);
  }

  private static int[] grades(ArrayData array, DataType type) {
    DataType element = ((ArrayType) type).elementType();
    int[] grades = new int[array.numElements()];
    for (int i = 0; i < grades.length; i++) {
      grades[i] =
          array.isNullAt(i)
              ? RankedGrades.UNJUDGED
              : whole(((Number) array.get(i, element)).longValue());
    }
    return grades;
  }

  private static int whole(long number) {
    return (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, number));
  }

  @Override
  public ExprCode doGenCode(CodegenContext context, ExprCode code) {
    return CodegenFallback.super.doGenCode(context, code);
  }

  @Override
  public String prettyName() {
    return function.sqlName();
  }

  @Override
  public int productArity() {
    return children.size();
  }

  @Override
  public Object productElement(int number) {
    return children.apply(number);
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof GradeCall;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof GradeCall that
        && function == that.function
        && children.equals(that.children);
  }

  @Override
  public int hashCode() {
    return Objects.hash(function, children);
  }
}
