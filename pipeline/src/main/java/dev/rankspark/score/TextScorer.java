package dev.rankspark.score;

import dev.rankspark.InputException;
import dev.rankspark.cluster.DriverFolders;
import dev.rankspark.cluster.ExecutorModels;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.cluster.SparkTask;
import dev.rankspark.files.Shown;
import dev.rankspark.hub.Hub;
import dev.rankspark.model.BestHardware;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import dev.rankspark.prompt.PairFormat;
import dev.rankspark.reranker.ModelNames;
import dev.rankspark.reranker.ModelPaths;
import dev.rankspark.reranker.Reranker;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkContext;

/**
 * A reranker on its way to the tasks that score with it: opened on the driver, without its weights,
 * and sent to them. Each task takes its executor's model and decides what {@code auto} is. Two are
 * equal if their rerankers are, unchanged, and they compute alike.
 */
public final class TextScorer implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Tasks are small, so that what a slot gets at the end is: a query of 200 pairs, or few. */
  private static final int TASKS_PER_CORE = 32;

  private final Reranker reranker;
  private final String device;
  private final Dtype dtype; // null for auto
  private final int batchRows;
  private final int batchTokens; // 0 for what the shape and the device say
  private final int tasks;
  private final ScoreCounters counters;
  private final HadoopSettings hadoop;

  private TextScorer(Reranker reranker, ScoreOptions options, SparkContext spark) {
    this.reranker = reranker;
    this.device = options.device();
    this.dtype = options.dtype().orElse(null);
    this.batchRows = options.batchRows();
    this.batchTokens = options.batchTokens().orElse(0);
    this.tasks = options.partitions().orElse(TASKS_PER_CORE * spark.defaultParallelism());
    this.counters = new ScoreCounters(spark);
    this.hadoop = new HadoopSettings(spark.hadoopConfiguration());
  }

  /**
   * Opens a reranker: its files are checked, weights are not read.
   *
   * @throws InputException if the model's files are wrong
   */
  public static TextScorer open(SparkContext spark, ScoreOptions options) {
    Configuration hadoop = spark.hadoopConfiguration();
    ModelPaths model =
        ModelNames.find(options.model(), Optional.empty(), Hub.ofEnvironment(), hadoop);
    Reranker opened = Reranker.open(model, options.prompt(), options.recipe(), hadoop);
    return new TextScorer(
        opened.withFolders(DriverFolders.serve(spark, opened.snapshots())), options, spark);
  }

  private TextScorer(TextScorer other, ScoreCounters counters) {
    this.reranker = other.reranker;
    this.device = other.device;
    this.dtype = other.dtype;
    this.batchRows = other.batchRows;
    this.batchTokens = other.batchTokens;
    this.tasks = other.tasks;
    this.counters = counters;
    this.hadoop = other.hadoop;
  }

  /**
   * The same for another job, which counts for itself and learns what the devices have room for.
   */
  public TextScorer forAnotherJob(SparkContext spark) {
    return new TextScorer(this, new ScoreCounters(spark));
  }

  Reranker reranker() {
    return reranker;
  }

  PairFormat template() {
    return reranker.prompt().format();
  }

  /**
   * A pair as the model reads it.
   *
   * @param title null for none
   */
  public String text(String query, String title, String passage) {
    return template().format(query, title == null ? "" : title, passage);
  }

  /**
   * The texts of a group; null for a null passage.
   *
   * @param titles one a passage, null for none; null for no titles at all
   * @throws InputException if there are more or fewer titles than passages
   */
  public List<String> texts(String query, List<String> titles, List<String> passages) {
    if (titles != null && titles.size() != passages.size()) {
      throw InputException.of(
          "the query \"%s\" has %d passages and %d titles",
          Shown.text(query), passages.size(), titles.size());
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < passages.size(); i++) {
      String passage = passages.get(i);
      texts.add(
          passage == null ? null : text(query, titles == null ? null : titles.get(i), passage));
    }
    return texts;
  }

  /** The model's name at the hub, else its directory; for people. */
  public String title() {
    return reranker.title();
  }

  /** Into how many tasks pairs are spread that nobody has counted. */
  public int tasks() {
    return tasks;
  }

  /** On the driver: whether the model's files are still those that were opened. */
  public void checkUnchanged() {
    reranker.checkUnchanged(hadoop.value());
  }

  private Scoring scoring() {
    Hardware hardware =
        BestHardware.detect(
            device, Optional.ofNullable(dtype), reranker.config(), SparkTask.current().cpus());
    return Scoring.decide(
        reranker,
        hardware,
        batchRows,
        batchTokens == 0 ? OptionalInt.empty() : OptionalInt.of(batchTokens));
  }

  /** Begins to score pairs, in the calling task. */
  <T> ScoreTask<T> begin(Iterator<ScorePipeline.Pair<T>> pairs) {
    PairCost cost = PairCost.of(reranker.config(), reranker.prompt().maxLength());
    return ScoreTask.begin(pairs, scoring(), cost, counters, hadoop);
  }

  /**
   * Scores one text, in the calling task: a batch of its own, for callers that see a row at a time.
   */
  public float score(String text) {
    SparkTask task = SparkTask.current();
    Scoring scoring = scoring();
    try (ExecutorModels.Lease<Scorer> lease = ScoreTask.lease(task, scoring, counters, hadoop)) {
      float score = lease.model().score(List.of(text), task.cpus()).scores()[0];
      ScoreTask.checkFinite(score, text);
      return score;
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TextScorer that
        && reranker.equals(that.reranker)
        && device.equals(that.device)
        && dtype == that.dtype
        && batchRows == that.batchRows
        && batchTokens == that.batchTokens;
  }

  @Override
  public int hashCode() {
    return Objects.hash(reranker, device, dtype, batchRows, batchTokens);
  }
}
