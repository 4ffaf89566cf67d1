package dev.rankspark.score;

import static org.apache.spark.sql.functions.col;

import dev.rankspark.InputException;
import dev.rankspark.OptionException;
import dev.rankspark.cluster.SparkVersion;
import dev.rankspark.corpus.Tables;
import dev.rankspark.model.Dtype;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.reranker.FileSums;
import dev.rankspark.reranker.Identity;
import dev.rankspark.reranker.ModelPaths;
import dev.rankspark.reranker.Reranker;
import dev.rankspark.store.RerankerScores;
import dev.rankspark.store.ScoreStore;
import dev.rankspark.store.TaskCommits;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Scores tables of pairs with a reranker: rows with a query and a passage in, the same rows with a
 * score out, in no order. Other columns are carried.
 *
 * <pre>{@code
 * Dataset<Row> scored =
 *     PairScorer.of("/models/rankllama", "query: ", "document: ", 196)
 *         .withColumns("query", "passage")
 *         .score(pairs);
 * }</pre>
 *
 * <p>It is lazy: the model's files are checked at once, without reading weights, and nothing is
 * computed before an action. The table is read once. Rows of one query come to one task, many small
 * ones, where what their texts begin with is computed once a batch, as in a rerank job. Each
 * executor decides for itself what {@code auto} is, as no job asks them before: on a cluster of
 * unlike machines name the dtype and the device.
 *
 * <p>Immutable: each {@code with} gives another one.
 */
public final class PairScorer {
  private final ScoreOptions options;
  private final String query;
  private final String passage;
  private final Optional<String> title;
  private final String score;
  private final Optional<String> store;

  private PairScorer(
      ScoreOptions options,
      String query,
      String passage,
      Optional<String> title,
      String score,
      Optional<String> store) {
    this.options = options;
    this.query = query;
    this.passage = passage;
    this.title = title;
    this.score = score;
    this.store = store;
  }

  /** Scores the columns {@code query} and {@code passage} into {@code score}. */
  public static PairScorer of(ScoreOptions options) {
    return new PairScorer(options, "query", "passage", Optional.empty(), "score", Optional.empty());
  }

  /**
   * Likewise, with the other options as the command line has them.
   *
   * @param model the directory of a model, or of an adapter that names its base; or a name at the
   *     hub
   * @param queryPrefix such as {@code "query: "}
   * @param passagePrefix such as {@code "document: "}
   * @param maxLength tokens at which a text is cut
   */
  public static PairScorer of(
      String model, String queryPrefix, String passagePrefix, int maxLength) {
    return of(
        ScoreOptions.of(
            ModelPaths.of(model),
            new PromptOptions(queryPrefix, passagePrefix, maxLength, /* appendEos= */ false)));
  }

  /** Reads other columns, of strings. */
  public PairScorer withColumns(String queryColumn, String passageColumn) {
    return new PairScorer(options, queryColumn, passageColumn, title, score, store);
  }

  /** Reads the passages' titles too; a null is no title. */
  public PairScorer withTitleColumn(String column) {
    return new PairScorer(options, query, passage, Optional.of(column), score, store);
  }

  /** Writes another column; the table must not have it. */
  public PairScorer withScoreColumn(String column) {
    return new PairScorer(options, query, passage, title, column, store);
  }

  /**
   * Computes in another dtype than the device's best.
   *
   * @param dtype as {@code --dtype} has it: {@code float32}, {@code bfloat16}, ...
   */
  public PairScorer withDtype(String dtype) {
    return with(options.withDtype(Dtype.parse(dtype)));
  }

  /**
   * Computes on another device than the best.
   *
   * @param device as {@code --device} has it: {@code cpu}, {@code cuda} or {@code cuda:N}
   */
  public PairScorer withDevice(String device) {
    return with(options.withDevice(device));
  }

  /** Spreads the pairs over so many tasks. */
  public PairScorer withPartitions(int partitions) {
    return with(options.withPartitions(partitions));
  }

  /**
   * Takes scores from a store and keeps new ones there, as {@code rerank --score-store} does: by
   * the texts of a pair and all that decides its score. Scores are looked up as the store is when
   * {@link #score} is called, and a task's new ones are kept when all of its rows are read: an
   * action that computes the same table again scores its new pairs again, so cache it. The dtype
   * and the device must be named, for no executor is asked before an action.
   *
   * @param folder of any Hadoop file system; made if it is not there
   */
  public PairScorer withScoreStore(String folder) {
    return new PairScorer(options, query, passage, title, score, Optional.of(folder));
  }

  private PairScorer with(ScoreOptions other) {
    return new PairScorer(other, query, passage, title, score, store);
  }

  /**
   * The rows with their scores: a float, null where the query or the passage is.
   *
   * @param pairs any table
   * @throws InputException if a column is missing, no string, or there already, or if the model's
   *     files are wrong. An action on the result fails with the same if a file changed meanwhile,
   *     and with a {@link dev.rankspark.DeviceException} if an executor has not the device asked
   *     for
   */
  public Dataset<Row> score(Dataset<Row> pairs) {
    SparkVersion.check();
    SparkSession spark = pairs.sparkSession();
    Fields fields = new Fields(pairs.schema(), isCaseSensitive(spark));
    fields.refuse(score);
    int queryField = fields.text(query);
    int passageField = fields.text(passage);
    int titleField = title.isPresent() ? fields.text(title.get()) : ScoreRows.NO_FIELD;
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    TextScorer scorer = TextScorer.open(spark.sparkContext(), options);
    StoredRows.Fields texts =
        new StoredRows.Fields(queryField, passageField, titleField, scorer.template());
    Optional<RerankerScores> kept = store.map(path -> kept(path, scorer.reranker(), hadoop));
    Dataset<Row> rows =
        kept.map(scores -> StoredRows.find(pairs, texts, scores.snapshot())).orElse(pairs);
    Column byQuery = column(fields.name(queryField));
    Column passes =
        ScoreRows.passes(
            byQuery,
            column(fields.name(passageField)),
            kept.map(scores -> column(StoredRows.SCORE)));
    return rows.repartition(scorer.tasks(), byQuery)
        .sortWithinPartitions(passes, byQuery)
        .mapPartitions(
            new ScoreRows(
                texts,
                kept.isPresent() ? pairs.schema().length() : ScoreRows.NO_FIELD,
                kept.map(scores -> TaskCommits.withoutPlan(scores, scorer.title())).orElse(null),
                scorer),
            Encoders.row(pairs.schema().add(score, DataTypes.FloatType, true)));
  }

  /**
   * Likewise for rows of groups: the passage column has an array of strings, the title column, if
   * named, another one as long, and the score column gets an array of floats, one a passage in
   * their order.
   *
   * @param groups any table
   * @return the rows with their scores; null where the query or the array is, with a null where a
   *     passage is
   * @throws InputException as {@link #score} does. An action on the result fails with it if an
   *     array of titles is not as long as that of the passages
   */
  public Dataset<Row> scoreGroups(Dataset<Row> groups) {
    if (store.isPresent()) {
      throw new OptionException(
          "withScoreStore: the scores of groups are not kept; explode them to rows of pairs");
    }
    SparkVersion.check();
    SparkSession spark = groups.sparkSession();
    Fields fields = new Fields(groups.schema(), isCaseSensitive(spark));
    fields.refuse(score);
    int queryField = fields.text(query);
    int passageField = fields.texts(passage);
    int titleField = title.isPresent() ? fields.texts(title.get()) : ScoreRows.NO_FIELD;
    TextScorer scorer = TextScorer.open(spark.sparkContext(), options);
    return groups
        .repartition(scorer.tasks(), column(fields.name(queryField)))
        .mapPartitions(
            new GroupRows(queryField, passageField, titleField, scorer),
            Encoders.row(
                groups.schema().add(score, DataTypes.createArrayType(DataTypes.FloatType), true)));
  }

  private static Column column(String name) {
    return col(Tables.quoted(name));
  }

  private RerankerScores kept(String path, Reranker reranker, Configuration hadoop) {
    if (options.dtype().isEmpty() || options.device().equals("auto")) {
      throw new OptionException(
          "withScoreStore needs withDtype and withDevice: scores of another dtype or kind of device"
              + " are others, and no executor is asked before an action");
    }
    Identity identity =
        reranker
            .identity(FileSums.ofUser(), hadoop)
            .on(options.device().equals("cpu") ? "cpu" : "cuda", options.dtype().get());
    return ScoreStore.openOrMake(path, hadoop).of(identity.sha256(), identity.text());
  }

  private static boolean isCaseSensitive(SparkSession spark) {
    return Boolean.parseBoolean(spark.conf().get("spark.sql.caseSensitive"));
  }

  /**
   * The columns that {@link #score} or, where the passage column has arrays, {@link #scoreGroups}
   * gives of a table with these. Nothing is opened.
   *
   * @param isCaseSensitive whether names are told apart by case, as {@code spark.sql.caseSensitive}
   * @throws InputException if a column is missing, of another type, or there already
   */
  public StructType schema(StructType table, boolean isCaseSensitive) {
    Fields fields = new Fields(table, isCaseSensitive);
    fields.refuse(score);
    fields.text(query);
    boolean isOfGroups = fields.isArray(passage);
    if (isOfGroups) {
      fields.texts(passage);
      title.ifPresent(fields::texts);
    } else {
      fields.text(passage);
      title.ifPresent(fields::text);
    }
    return table.add(
        score,
        isOfGroups ? DataTypes.createArrayType(DataTypes.FloatType) : DataTypes.FloatType,
        true);
  }

  /** A table's columns by name, as its session tells names apart. */
  private record Fields(StructType schema, boolean isCaseSensitive) {
    String name(int field) {
      return schema.fields()[field].name();
    }

    private int[] find(String name) {
      String[] names = schema.fieldNames();
      return IntStream.range(0, names.length)
          .filter(i -> isCaseSensitive ? names[i].equals(name) : names[i].equalsIgnoreCase(name))
          .toArray();
    }

    /** A column of strings. */
    int text(String name) {
      return field(name, "string", type -> type.equals(DataTypes.StringType));
    }

    /** A column of arrays of strings. */
    int texts(String name) {
      return field(
          name,
          "array<string>",
          type ->
              type instanceof ArrayType array && array.elementType().equals(DataTypes.StringType));
    }

    boolean isArray(String name) {
      int[] found = find(name);
      return found.length == 1 && schema.fields()[found[0]].dataType() instanceof ArrayType;
    }

    private int field(String name, String expected, Predicate<DataType> isExpected) {
      int[] found = find(name);
      if (found.length != 1) {
        throw InputException.of(
            "the table has %s column \"%s\", its columns are: %s",
            found.length == 0 ? "no" : "more than one", name, columns());
      }
      StructField field = schema.fields()[found[0]];
      if (!isExpected.test(field.dataType())) {
        throw InputException.of(
            "column \"%s\": expected %s, got %s; the table's columns are: %s",
            name, expected, field.dataType().simpleString(), columns());
      }
      return found[0];
    }

    void refuse(String name) {
      if (find(name).length > 0) {
        throw InputException.of(
            "the table has a column \"%s\" already, where the scores would go: name"
                + " another for them, or drop it",
            name);
      }
    }

    private List<String> columns() {
      return Arrays.stream(schema.fields())
          .map(field -> field.name() + " " + field.dataType().simpleString())
          .toList();
    }
  }
}
