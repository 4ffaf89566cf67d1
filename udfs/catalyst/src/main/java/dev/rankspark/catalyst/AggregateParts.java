package dev.rankspark.catalyst;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression$;
import org.apache.spark.sql.catalyst.expressions.aggregate.AggregateExpression;
import org.apache.spark.sql.catalyst.plans.logical.Aggregate;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import scala.Option;

/**
 * An aggregate as two nodes: one that aggregates, and above it a projection with the calls of its
 * results, such as {@code rerank_scores(first(query), collect_list(passage))}.
 */
final class AggregateParts {
  private final List<Expression> grouping;
  private final List<NamedExpression> columns = new ArrayList<>();

  private AggregateParts(Aggregate aggregate) {
    this.grouping = Scala.toJava(aggregate.groupingExpressions());
  }

  /** Whether an expression calls the model with what an aggregate function gives. */
  static boolean hasCallOfAggregates(Expression expression) {
    return expression.exists(
        call -> call instanceof RerankCall && call.exists(AggregateExpression.class::isInstance));
  }

  static LogicalPlan split(Aggregate aggregate) {
    AggregateParts parts = new AggregateParts(aggregate);
    List<NamedExpression> results = new ArrayList<>();
    for (NamedExpression result : Scala.toJava(aggregate.aggregateExpressions())) {
      if (hasCallOfAggregates((Expression) result)) {
        results.add((NamedExpression) parts.pulled((Expression) result));
      } else {
        parts.columns.add(result);
        results.add(result.toAttribute());
      }
    }
    // By its elements, as later Sparks have more of them.
    Object[] elements = new Object[aggregate.productArity()];
    for (int i = 0; i < elements.length; i++) {
      Object element = aggregate.productElement(i);
      elements[i] =
          element == aggregate.aggregateExpressions() ? Scala.list(parts.columns) : element;
    }
    return new Project(Scala.list(results), aggregate.makeCopy(elements));
  }

  /** The same over the columns below, which get what it aggregates and groups by. */
  private Expression pulled(Expression expression) {
    boolean isColumn =
        expression instanceof AggregateExpression
            || grouping.stream().anyMatch(expression::semanticEquals);
    return isColumn ? column(expression) : expression.mapChildren(this::pulled);
  }

  private Attribute column(Expression expression) {
    for (NamedExpression column : columns) {
      if (expression.semanticEquals(
          column instanceof Alias alias ? alias.child() : (Expression) column)) {
        return column.toAttribute();
      }
    }
    NamedExpression added =
        expression instanceof NamedExpression named
            ? named
            : new Alias(
                expression,
                "_rerank_argument",
                NamedExpression$.MODULE$.newExprId(),
                Scala.list(List.<String>of()),
                Option.empty(),
                Scala.list(List.<String>of()));
    columns.add(added);
    return added.toAttribute();
  }
}
