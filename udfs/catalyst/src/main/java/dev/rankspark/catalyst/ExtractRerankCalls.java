package dev.rankspark.catalyst;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.apache.spark.sql.catalyst.expressions.And;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeReference;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression$;
import org.apache.spark.sql.catalyst.expressions.NamedLambdaVariable;
import org.apache.spark.sql.catalyst.expressions.OuterReference;
import org.apache.spark.sql.catalyst.expressions.WindowExpression;
import org.apache.spark.sql.catalyst.expressions.aggregate.AggregateExpression;
import org.apache.spark.sql.catalyst.plans.logical.Aggregate;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.GlobalLimit;
import org.apache.spark.sql.catalyst.plans.logical.LocalLimit;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.plans.logical.RepartitionByExpression;
import org.apache.spark.sql.catalyst.plans.logical.Sort;
import org.apache.spark.sql.catalyst.plans.logical.Window;
import org.apache.spark.sql.catalyst.rules.Rule;
import org.apache.spark.sql.types.Metadata;
import scala.Option;
import scala.Some;

/**
 * Takes calls of {@code rerank_score} out of what is computed row by row, over a table in which the
 * rows of a query are together, as Spark's own rule does with Python functions. It comes last, when
 * filters and columns are where they belong.
 */
final class ExtractRerankCalls extends Rule<LogicalPlan> {
  @Override
  public LogicalPlan apply(LogicalPlan plan) {
    LogicalPlan node = plan.mapChildren(this::apply);
    if (node instanceof Aggregate aggregate && hasCallOfAggregates(aggregate)) {
      node = AggregateParts.split(aggregate);
    }
    if (!isOfRows(node)) {
      return limitedFirst(node);
    }
    List<RerankCall> calls = new ArrayList<>();
    LogicalPlan child = node.children().apply(0);
    for (Expression expression : Scala.toJava(node.expressions())) {
      find(expression, child, calls);
    }
    return calls.isEmpty() ? node : extracted(node, child, calls);
  }

  /** Nodes that compute expressions over the rows of one table. */
  private static boolean isOfRows(LogicalPlan node) {
    return node instanceof Project
        || node instanceof Filter
        || node instanceof Sort
        || node instanceof Aggregate
        || node instanceof Window;
  }

  private static void find(Expression expression, LogicalPlan child, List<RerankCall> found) {
    for (Expression inner : Scala.toJava(expression.children())) {
      find(inner, child, found);
    }
    if (expression instanceof RerankCall call
        && call.deterministic()
        && call.references().subsetOf(child.outputSet())
        && !call.exists(ExtractRerankCalls::isOfNode)
        && found.stream().noneMatch(call::semanticEquals)) {
      found.add(call);
    }
  }

  /** Of what a group has in the end, which the optimizer put into the aggregate itself. */
  private static boolean hasCallOfAggregates(Aggregate aggregate) {
    return Scala.toJava(aggregate.aggregateExpressions()).stream()
        .anyMatch(result -> AggregateParts.hasCallOfAggregates((Expression) result));
  }

  /** Values that are there only while the node itself is computed. */
  private static boolean isOfNode(Expression expression) {
    return expression instanceof AggregateExpression
        || expression instanceof WindowExpression
        || expression instanceof NamedLambdaVariable
        || expression instanceof OuterReference;
  }

  private LogicalPlan extracted(LogicalPlan node, LogicalPlan child, List<RerankCall> calls) {
    LogicalPlan below = child;
    LogicalPlan above = node;
    if (node instanceof Filter filter) {
      // What costs nothing goes first.
      List<Expression> cheap = new ArrayList<>();
      List<Expression> costly = new ArrayList<>();
      split(filter.condition(), calls, cheap, costly);
      if (!cheap.isEmpty()) {
        below = new Filter(all(cheap), below);
        above = new Filter(all(costly), below);
      }
    }
    for (RerankCall call : calls) {
      Computed computed = Computed.find(below, call).orElse(null);
      if (computed == null) {
        Attribute result =
            new AttributeReference(
                call.prettyName(),
                call.dataType(),
                /* nullable= */ true,
                Metadata.empty(),
                NamedExpression$.MODULE$.newExprId(),
                Scala.list(List.<String>of()));
        computed = new Computed(computing(call, result, below), result);
      }
      below = computed.plan;
      Attribute result = computed.result;
      above = above.mapExpressions(inner -> replaced(inner, call, result));
    }
    LogicalPlan all = above.withNewChildren(Scala.list(below));
    return all.output().equals(node.output())
        ? all
        : new Project(Scala.list(named(Scala.toJava(node.output()))), all);
  }

  private static List<NamedExpression> named(List<Attribute> attributes) {
    return List.copyOf(attributes);
  }

  private static Expression replaced(Expression expression, RerankCall call, Attribute result) {
    return expression instanceof RerankCall other && other.semanticEquals(call)
        ? result
        : expression.mapChildren(child -> replaced(child, call, result));
  }

  private static void split(
      Expression condition,
      List<RerankCall> calls,
      List<Expression> cheap,
      List<Expression> costly) {
    if (condition instanceof And and) {
      split(and.left(), calls, cheap, costly);
      split(and.right(), calls, cheap, costly);
    } else {
      boolean isCheap =
          condition.deterministic() && !condition.exists(inner -> isOneOf(inner, calls));
      (isCheap ? cheap : costly).add(condition);
    }
  }

  private static boolean isOneOf(Expression expression, List<RerankCall> calls) {
    return expression instanceof RerankCall call && calls.stream().anyMatch(call::semanticEquals);
  }

  private static Expression all(List<Expression> conditions) {
    return conditions.stream().reduce(And::new).orElseThrow();
  }

  /** Rows keep their order where they have one. */
  private static RerankPairs computing(RerankCall call, Attribute result, LogicalPlan child) {
    if (child instanceof RerankPairs other && other.isByQuery() && isOfSameQuery(other, call)) {
      return new RerankPairs(call, result, true, child);
    }
    boolean isOrdered = !child.outputOrdering().isEmpty() || child.isStreaming();
    return new RerankPairs(call, result, !isOrdered, isOrdered ? child : byQuery(call, child));
  }

  private static boolean isOfSameQuery(RerankPairs other, RerankCall call) {
    return other.call().arguments().get(0).semanticEquals(call.arguments().get(0));
  }

  /** Rows of one query in one partition, many small ones; of a constant one in any. */
  private static LogicalPlan byQuery(RerankCall call, LogicalPlan child) {
    Expression query = call.arguments().get(0);
    List<Expression> keys = query.foldable() ? List.of() : List.of(query);
    return new RepartitionByExpression(
        Scala.list(keys), child, Some.apply(call.scorer().tasks()), Option.empty());
  }

  /** The first rows of what is computed are computed of the first rows. */
  private static LogicalPlan limitedFirst(LogicalPlan node) {
    if (node instanceof LocalLimit limit
        && limit.child() instanceof Project project
        && project.child() instanceof RerankPairs) {
      return projected(project, child -> new LocalLimit(limit.limitExpr(), child));
    }
    if (node instanceof GlobalLimit limit
        && limit.child() instanceof Project project
        && project.child() instanceof RerankPairs) {
      return projected(project, child -> new GlobalLimit(limit.limitExpr(), child));
    }
    return node;
  }

  private static LogicalPlan projected(Project project, UnaryOperator<LogicalPlan> limit) {
    return project.withNewChildren(Scala.list(limited(project.child(), limit)));
  }

  /** Below the calls, and below the shuffle that is there for them. */
  private static LogicalPlan limited(LogicalPlan plan, UnaryOperator<LogicalPlan> limit) {
    return plan instanceof RerankPairs || plan instanceof RepartitionByExpression
        ? plan.withNewChildren(Scala.list(limited(plan.children().apply(0), limit)))
        : limit.apply(plan);
  }

  /** A plan that computes a call already, with the column that has its value. */
  private record Computed(LogicalPlan plan, Attribute result) {
    /** Of a filter's call, which the columns above it name again. */
    static Optional<Computed> find(LogicalPlan plan, RerankCall call) {
      if (plan instanceof RerankPairs pairs && pairs.call().semanticEquals(call)) {
        return Optional.of(new Computed(pairs, pairs.result()));
      }
      if (plan instanceof RerankPairs || plan instanceof Filter || plan instanceof Sort) {
        return below(plan, call);
      }
      if (plan instanceof Project project
          && call.references().subsetOf(project.child().outputSet())) {
        return below(project, call)
            .map(
                found -> {
                  LogicalPlan child = found.plan().children().apply(0);
                  if (project.outputSet().contains(found.result())) {
                    return found;
                  }
                  List<NamedExpression> columns =
                      new ArrayList<>(Scala.toJava(project.projectList()));
                  columns.add(found.result());
                  return new Computed(new Project(Scala.list(columns), child), found.result());
                });
      }
      return Optional.empty();
    }

    private static Optional<Computed> below(LogicalPlan plan, RerankCall call) {
      return find(plan.children().apply(0), call)
          .map(
              found ->
                  new Computed(plan.withNewChildren(Scala.list(found.plan())), found.result()));
    }
  }
}
