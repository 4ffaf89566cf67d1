package dev.rankspark.catalyst;

import dev.rankspark.OptionException;
import dev.rankspark.udfs.FunctionWords;
import dev.rankspark.udfs.GradeFunction;
import dev.rankspark.udfs.OpenScorers;
import dev.rankspark.udfs.RankSpark;
import dev.rankspark.udfs.RerankFunction;
import dev.rankspark.udfs.SqlSurface;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.ExperimentalMethods;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.SparkSessionExtensions;
import org.apache.spark.sql.catalyst.FunctionIdentifier;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.ExpressionInfo;
import org.apache.spark.sql.catalyst.expressions.Literal;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.rules.Rule;
import org.apache.spark.sql.execution.SparkStrategy;
import org.apache.spark.sql.internal.SessionState;
import scala.Function1;
import scala.Tuple3;
import scala.collection.Seq;

/** Adds the functions and the rules. */
public final class CatalystSurface implements SqlSurface {
  private static final String SINCE = "0.1.0";

  /** A function as Spark registers it. */
  private record Registered(
      FunctionIdentifier name,
      ExpressionInfo info,
      Function1<Seq<Expression>, Expression> builder) {}

  private static List<Registered> functions() {
    List<Registered> functions = new ArrayList<>();
    for (RerankFunction function : RerankFunction.values()) {
      functions.add(
          registered(
              function.sqlName(),
              function.words(),
              RerankCall.class,
              arguments -> call(function, Scala.toJava(arguments))));
    }
    for (GradeFunction function : GradeFunction.values()) {
      functions.add(
          registered(
              function.sqlName(),
              function.words(),
              GradeCall.class,
              arguments -> call(function, Scala.toJava(arguments))));
    }
    return functions;
  }

  private static Registered registered(
      String name,
      FunctionWords words,
      Class<?> type,
      Function1<Seq<Expression>, Expression> builder) {
    return new Registered(
        new FunctionIdentifier(name),
        new ExpressionInfo(
            type.getName(),
            null,
            name,
            words.usage(),
            words.arguments(),
            words.examples(),
            "",
            "",
            SINCE,
            "",
            "scala_udf"),
        builder);
  }

  private static Expression call(RerankFunction function, List<Expression> arguments) {
    if (arguments.size() < 2 || arguments.size() > RerankFunction.MODEL + 1) {
      throw OptionException.of(
          "%s: expected 2 to %d arguments, got %d; DESCRIBE FUNCTION EXTENDED %1$s tells of them",
          function.sqlName(), RerankFunction.MODEL + 1, arguments.size());
    }
    Optional<String> model = Optional.empty();
    if (arguments.size() > RerankFunction.MODEL) {
      if (!(arguments.get(RerankFunction.MODEL) instanceof Literal name) || name.value() == null) {
        throw OptionException.of(
            "%s: expected the name of a model as a literal, got %s",
            function.sqlName(), arguments.get(RerankFunction.MODEL).sql());
      }
      model = Optional.of(name.value().toString());
    }
    SparkSession spark = SparkSession.active();
    return RerankCall.of(
        function,
        OpenScorers.of(spark.sparkContext(), RankSpark.options(spark, model)),
        arguments.subList(0, Math.min(arguments.size(), RerankFunction.MODEL)));
  }

  private static Expression call(GradeFunction function, List<Expression> arguments) {
    int least = function.required().size();
    int most = least + function.optional().size();
    if (arguments.size() < least || arguments.size() > most) {
      throw OptionException.of(
          "%s: expected %d to %d arguments, got %d; DESCRIBE FUNCTION EXTENDED %1$s tells of them",
          function.sqlName(), least, most, arguments.size());
    }
    return new GradeCall(function, Scala.list(arguments));
  }

  private static void addFunctions(SparkSessionExtensions extensions) {
    for (Registered function : functions()) {
      extensions.injectFunction(new Tuple3<>(function.name(), function.info(), function.builder()));
    }
  }

  @Override
  public void addTo(SparkSessionExtensions extensions) {
    addFunctions(extensions);
    extensions.injectPlannerStrategy(spark -> new RerankStrategy());
    // Made when the optimizer is, which has no place for a rule of extensions that comes last.
    extensions.injectOptimizerRule(
        spark -> {
          addRule(spark);
          return new NoRule();
        });
  }

  @Override
  public void addTo(SparkSession spark) {
    if (!spark.catalog().functionExists(RerankFunction.RERANK_SCORE.sqlName())) {
      // As Spark registers those of extensions: under which names differs from one to another.
      SparkSessionExtensions extensions = new SparkSessionExtensions();
      addFunctions(extensions);
      extensions.registerFunctions(state(spark).functionRegistry());
    }
    addRule(spark);
    ExperimentalMethods methods = state(spark).experimentalMethods();
    List<SparkStrategy> strategies = Scala.toJava(methods.extraStrategies());
    if (strategies.stream().noneMatch(RerankStrategy.class::isInstance)) {
      strategies.add(0, new RerankStrategy());
      methods.extraStrategies_$eq(Scala.list(strategies));
    }
  }

  /** Of a session, which is another class in Spark 4. */
  private static SessionState state(Object spark) {
    try {
      return (SessionState) spark.getClass().getMethod("sessionState").invoke(spark);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void addRule(Object spark) {
    ExperimentalMethods methods = state(spark).experimentalMethods();
    List<Rule<LogicalPlan>> rules = Scala.toJava(methods.extraOptimizations());
    if (rules.stream().noneMatch(ExtractRerankCalls.class::isInstance)) {
      rules.add(new ExtractRerankCalls());
      methods.extraOptimizations_$eq(Scala.list(rules));
    }
  }

  /** Does nothing. */
  private static final class NoRule extends Rule<LogicalPlan> {
    @Override
    public LogicalPlan apply(LogicalPlan plan) {
      return plan;
    }
  }
}
