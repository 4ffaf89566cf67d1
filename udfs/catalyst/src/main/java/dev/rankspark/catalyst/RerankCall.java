package dev.rankspark.catalyst;

import dev.rankspark.score.TextScorer;
import dev.rankspark.udfs.RerankFunction;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.analysis.TypeCheckResult;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.expressions.codegen.CodegenContext;
import org.apache.spark.sql.catalyst.expressions.codegen.CodegenFallback;
import org.apache.spark.sql.catalyst.expressions.codegen.ExprCode;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.catalyst.util.GenericArrayData;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NullType;
import org.apache.spark.sql.types.StringType;
import scala.collection.IndexedSeq;
import scala.collection.Seq;

/**
 * {@code rerank_score} or {@code rerank_scores}. Where {@link ExtractRerankCalls} finds it it is
 * computed by batches; elsewhere it is evaluated here, a row at a time.
 */
public final class RerankCall extends Expression implements CodegenFallback, Serializable {
  private static final long serialVersionUID = 1L;

  private final RerankFunction function;
  private final TextScorer scorer;

  /** The arguments, and {@link OnExecutors} behind them. */
  private final Seq<Expression> children;

  private RerankCall(RerankFunction function, TextScorer scorer, Seq<Expression> children) {
    this.function = function;
    this.scorer = scorer;
    this.children = children;
  }

  /**
   * A call.
   *
   * @param arguments the query, the passage or passages and, if there, the title or titles
   */
  static RerankCall of(RerankFunction function, TextScorer scorer, List<Expression> arguments) {
    List<Expression> children = new ArrayList<>(arguments);
    children.add(OnExecutors.INSTANCE);
    return new RerankCall(function, scorer, Scala.list(children));
  }

  TextScorer scorer() {
    return scorer;
  }

  List<Expression> arguments() {
    return Scala.toJava(children).subList(0, children.size() - 1);
  }

  @Override
  public Seq<Expression> children() {
    return children;
  }

  @Override
  public RerankCall withNewChildrenInternal(IndexedSeq<Expression> others) {
    return new RerankCall(function, scorer, others);
  }

  @Override
  public TypeCheckResult checkInputDataTypes() {
    List<Expression> arguments = arguments();
    for (int i = 0; i < arguments.size(); i++) {
      DataType found = arguments.get(i).dataType();
      boolean isArray = i > 0 && function.isOfGroups();
      if (!fits(found, isArray)) {
        return new TypeCheckResult.TypeCheckFailure(
            String.format(
                "%s: expected %s as %s, got %s, which is %s",
                prettyName(),
                isArray ? "an array of strings" : "a string",
                function.argument(i),
                arguments.get(i).sql(),
                found.simpleString()));
      }
    }
    return TypeCheckResult.TypeCheckSuccess$.MODULE$;
  }

  private static boolean fits(DataType type, boolean isArray) {
    if (type instanceof NullType) {
      return true;
    }
    return isArray
        ? type instanceof ArrayType array && fits(array.elementType(), /* isArray= */ false)
        : type instanceof StringType;
  }

  @Override
  public boolean nullable() {
    return true;
  }

  @Override
  public DataType dataType() {
    return function.isOfGroups()
        ? DataTypes.createArrayType(DataTypes.FloatType, /* containsNull= */ true)
        : DataTypes.FloatType;
  }

  /**
   * The texts that are scored for a row; null where there is no score at all.
   *
   * @param values a row of the arguments
   */
  List<String> texts(InternalRow values) {
    if (values.isNullAt(0) || values.isNullAt(1)) {
      return null;
    }
    String query = values.getUTF8String(0).toString();
    boolean hasTitle = children.size() > 3 && !values.isNullAt(2);
    return function.isOfGroups()
        ? scorer.texts(
            query, hasTitle ? strings(values.getArray(2)) : null, strings(values.getArray(1)))
        : List.of(
            scorer.text(
                query,
                hasTitle ? values.getUTF8String(2).toString() : null,
                values.getUTF8String(1).toString()));
  }

  private static List<String> strings(ArrayData array) {
    List<String> strings = new ArrayList<>();
    for (int i = 0; i < array.numElements(); i++) {
      strings.add(array.isNullAt(i) ? null : array.getUTF8String(i).toString());
    }
    return strings;
  }

  /** The value of a row whose {@link #texts} are not null. */
  Object value(Float[] scores) {
    return function.isOfGroups() ? new GenericArrayData((Object[]) scores) : scores[0];
  }

  @Override
  public Object eval(InternalRow row) {
    if (TaskContext.get() == null) {
      throw new IllegalStateException(
          this + " was to be computed on the driver, which has no model");
    }
    List<Expression> arguments = arguments();
    Object[] values = new Object[arguments.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = arguments.get(i).eval(row);
    }
    List<String> texts = texts(new GenericInternalRow(values));
    if (texts == null) {
      return null;
    }
    return value(
        texts.stream()
            .map(text -> text == null ? null : (Float) scorer.score(text))
            .toArray(Float[]::new));
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
  public String toString() {
    return prettyName()
        + "("
        + String.join(", ", arguments().stream().map(Object::toString).toList())
        + ")";
  }

  @Override
  public String sql() {
    return prettyName()
        + "("
        + String.join(", ", arguments().stream().map(Expression::sql).toList())
        + ")";
  }

  @Override
  public int productArity() {
    return children.size() - 1;
  }

  @Override
  public Object productElement(int number) {
    return children.apply(number);
  }

  @Override
  public boolean canEqual(Object other) {
    return other instanceof RerankCall;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RerankCall that
        && function == that.function
        && scorer.equals(that.scorer)
        && children.equals(that.children);
  }

  @Override
  public int hashCode() {
    return Objects.hash(function, scorer, children);
  }
}
