package dev.rankspark.udfs;

import dev.rankspark.cluster.SparkVersion;
import dev.rankspark.score.ScoreOptions;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.spark.sql.SparkSession;
import scala.collection.JavaConverters;

/**
 * RankSpark in a session that is running, such as a notebook's.
 *
 * <pre>{@code
 * RankSpark.register(spark);
 * spark.conf().set("spark.rankspark.modelNameOrPath", "/models/rankllama");
 * spark.sql("SELECT qid, docid, rerank_score(query, passage) AS score FROM candidates");
 * }</pre>
 */
public final class RankSpark {
  private RankSpark() {}

  /** Adds the SQL functions to a session, as {@link RankSparkExtensions} does by configuration. */
  public static void register(SparkSession spark) {
    SparkVersion.check();
    SqlSurface.ofThisScala().addTo(spark);
    if (!spark.catalog().functionExists(SqlFunctions.PAIR_TEXT)) {
      SqlFunctions.register(spark);
    }
  }

  /**
   * Describes a model by a name, for the functions' last argument: {@code rerank_score(query,
   * passage, NULL, 'name')}. The options become the session's settings {@code
   * spark.rankspark.<name>.<option>}; those that the name had before are forgotten.
   *
   * @param options as the command line has them, in camel case: {@code modelNameOrPath}, {@code
   *     queryPrefix}, ...
   * @throws dev.rankspark.OptionException if an option is none, or has a wrong value
   */
  public static void model(SparkSession spark, String name, Map<String, String> options) {
    String prefix = RerankSettings.prefix(name);
    Map<String, String> settings = new HashMap<>();
    options.forEach((option, value) -> settings.put(prefix + option, value));
    options.keySet().forEach(option -> RerankSettings.check(prefix, option));
    ScoreOptions checked = RerankSettings.options(settings, Optional.of(name));
    settings(spark).keySet().stream()
        .filter(setting -> setting.startsWith(prefix))
        .forEach(setting -> spark.conf().unset(setting));
    settings.forEach((setting, value) -> spark.conf().set(setting, value));
    OpenScorers.of(spark.sparkContext(), checked);
  }

  /** Likewise, in the session that is running here. */
  public static void model(String name, Map<String, String> options) {
    model(SparkSession.active(), name, options);
  }

  /**
   * The options of a model, by a session's settings.
   *
   * @param name empty for the one without a name
   */
  public static ScoreOptions options(SparkSession spark, Optional<String> name) {
    return RerankSettings.options(settings(spark), name);
  }

  /**
   * The options of a stage. Its params win over the session's settings; a stage that names its
   * model takes none of these, for they describe another.
   *
   * @param params those that are set, by option: {@code modelNameOrPath}, {@code queryPrefix}, ...
   * @param notes hears, at most once, which settings are not used
   */
  public static ScoreOptions options(
      SparkSession spark, Map<String, String> params, Consumer<String> notes) {
    return RerankSettings.options(settings(spark), params, notes);
  }

  private static Map<String, String> settings(SparkSession spark) {
    return JavaConverters.mapAsJavaMap(spark.conf().getAll());
  }
}
