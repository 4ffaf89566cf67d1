package dev.rankspark.score;

import dev.rankspark.DeviceException;
import dev.rankspark.InputException;
import dev.rankspark.cluster.ExecutorHardware;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.cluster.JobProgress;
import dev.rankspark.files.UserPath;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import dev.rankspark.reranker.FileSums;
import dev.rankspark.reranker.Identity;
import dev.rankspark.reranker.Reranker;
import dev.rankspark.score.RerankReport.Plan;
import dev.rankspark.score.RerankReport.Reuse;
import dev.rankspark.store.RerankerScores;
import dev.rankspark.store.RunPlan;
import dev.rankspark.store.RunScores;
import dev.rankspark.store.ScoreStore;
import dev.rankspark.store.Snapshot;
import dev.rankspark.store.UnreadableScores;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Scores a job's pairs of which a store has some: those are joined away, the others are planned,
 * scored and committed task by task. The same command after a killed driver takes the plan up.
 */
final class StoredScoring implements AutoCloseable {
  /** Of a store that nobody compacts: a night of a large log writes some hundred. */
  private static final int MANY_FILES = 2_000;

  private final SparkSession spark;
  private final Configuration hadoop;
  private final ScoreOptions options;
  private final Reranker reranker;
  private final String output;
  private final ScoreStore store;
  private final JobProgress progress;
  private final ScoreCounters counters;
  private final KeyedPairs pairs;
  private final List<String> notes = new ArrayList<>();

  private KeyedPairs.Lookup lookup; // null before the store was asked
  private RunScores run; // null where nothing is missing
  private int takenUp; // tasks that a killed run had committed
  private Scoring scoring; // null where nothing is left to compute

  /**
   * Looks at all pairs.
   *
   * @param output the run's first output, by which the same command is known again
   */
  StoredScoring(
      SparkSession spark,
      Dataset<Row> pairs,
      Reranker reranker,
      ScoreOptions options,
      ScoreStore store,
      String output,
      JobProgress progress,
      ScoreCounters counters) {
    this.spark = spark;
    this.hadoop = spark.sparkContext().hadoopConfiguration();
    this.options = options;
    this.reranker = reranker;
    this.output = UserPath.of(output, hadoop).path().toString();
    this.store = store;
    this.progress = progress;
    this.counters = counters;
    progress.describe("rerank: looks at the pairs");
    this.pairs = KeyedPairs.of(pairs, reranker.prompt());
  }

  /**
   * The scores that a store has for this reranker in one dtype on one kind of device.
   *
   * @param device {@code cpu} or {@code cuda}
   */
  private record Kept(RerankerScores scores, String device, Dtype dtype) {}

  /** What counts of them, for which all of their commits are read: once. */
  private record Found(Kept kept, Snapshot scores) {
    static Found of(Kept kept) {
      return new Found(kept, kept.scores().snapshot());
    }
  }

  /** Scores what is missing. Gives all pairs, {@link ScorePartition#SCORED}. */
  Dataset<Row> score() {
    Identity identity = reranker.identity(FileSums.ofUser(), hadoop);
    List<Kept> kept = kept(identity);
    if (kept.stream().anyMatch(this::resume)) {
      return with(run.scored());
    }
    Optional<Found> newest =
        kept.stream()
            .map(Found::of)
            .filter(found -> found.scores().rows() > 0)
            .max(Comparator.comparing(found -> found.scores().newest()));
    if (newest.isPresent()) {
      Kept chosen = newest.get().kept();
      look(newest.get());
      if (lookup.missing() == 0) {
        return with(Snapshot.EMPTY);
      }
      Optional<Hardware> here = hardware(chosen);
      if (here.isPresent()) {
        return begin(newest.get(), here.get());
      }
      note(
          "the scores of %s are in %s on %s, which no executor has: all pairs are scored anew",
          store.path(), chosen.dtype(), chosen.device());
    }
    Hardware here =
        ExecutorHardware.probe(spark, options.device(), options.dtype(), reranker.config());
    Found fresh = Found.of(keptOn(identity, here.cuda() ? "cuda" : "cpu", here.dtype()));
    look(fresh);
    return begin(fresh, here);
  }

  /** Those that the options allow, of all that this reranker could have. */
  private List<Kept> kept(Identity identity) {
    List<String> devices =
        switch (options.device()) {
          case "auto" -> List.of("cuda", "cpu");
          case "cpu" -> List.of("cpu");
          default -> List.of("cuda");
        };
    List<Dtype> dtypes = options.dtype().map(List::of).orElse(List.of(Dtype.values()));
    return devices.stream()
        .flatMap(device -> dtypes.stream().map(dtype -> keptOn(identity, device, dtype)))
        .filter(one -> one.scores().isThere())
        .toList();
  }

  private Kept keptOn(Identity identity, String device, Dtype dtype) {
    Identity on = identity.on(device, dtype);
    return new Kept(store.of(on.sha256(), on.text()), device, dtype);
  }

  private void look(Found found) {
    progress.describe("rerank: looks up the scores in " + store.path());
    forget();
    Snapshot scores = found.scores();
    if (scores.files() > MANY_FILES) {
      note(
          "%s has its scores in %,d files, each of which is opened: rankspark store compact %s"
              + " makes them few",
          store.path(), scores.files(), store.path());
    }
    lookup = reading(() -> pairs.find(scores));
  }

  private Dataset<Row> with(Snapshot scored) {
    return reading(() -> lookup.with(scored)); // Spark looks at the files
  }

  /** A job that reads files of scores alone. */
  <T> T reading(Supplier<T> job) {
    return UnreadableScores.named(store.path(), job);
  }

  /**
   * What an executor has for the dtype in which the store's scores are; empty if it is not to be
   * had there, and was not asked for.
   */
  private Optional<Hardware> hardware(Kept kept) {
    boolean isAuto = options.device().equals("auto");
    try {
      return Optional.of(
          ExecutorHardware.probe(spark, isAuto ? kept.device() : options.device(), kept.dtype()));
    } catch (RuntimeException e) {
      if (isAuto && isOfDevice(e)) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private static boolean isOfDevice(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof DeviceException) {
        return true;
      }
    }
    return false;
  }

  /** Takes up a plan of the same command; one whose input has changed is set aside. */
  private boolean resume(Kept kept) {
    for (RunPlan plan : kept.scores().openPlans()) {
      if (!plan.work().output().equals(output)) {
        continue;
      }
      Optional<RunScores> resumed =
          isOfThis(plan)
              ? RunScores.resume(kept.scores(), plan, reranker.title())
              : Optional.empty();
      if (resumed.isEmpty()) {
        note(
            "the plan %s is set aside, for its pairs, options or scores have changed; what its"
                + " tasks scored is reused",
            plan.id());
        tried("stays in the store", () -> kept.scores().end(plan));
        continue;
      }
      run = resumed.get();
      takenUp = run.finishedTasks().size();
      forget();
      lookup = reading(() -> pairs.find(run.found()));
      long left = lookup.missing() - run.scored().rows();
      note(
          "the plan %s is taken up: %,d of %,d pairs are scored",
          plan.id(), run.scored().rows(), lookup.missing());
      if (left > 0) {
        Hardware here =
            hardware(kept)
                .orElseThrow(
                    () ->
                        new DeviceException(
                            String.format(
                                Locale.ROOT,
                                "the plan %s computes in %s on %s, which no executor has",
                                plan.id(),
                                kept.dtype(),
                                kept.device())));
        scoring = new Scoring(reranker, here, plan.work().batchRows(), plan.work().batchTokens());
        compute();
      }
      return true;
    }
    return false;
  }

  private boolean isOfThis(RunPlan plan) {
    RunPlan.Work work = plan.work();
    return work.pairs() == pairs.digest().pairs()
        && work.digest().equals(pairs.digest().text())
        && work.batchRows() == options.batchRows()
        && work.batchTokens() == options.batchTokens().orElse(work.batchTokens())
        && work.tasks() == options.partitions().orElse(work.tasks());
  }

  private Dataset<Row> begin(Found found, Hardware here) {
    scoring = Scoring.decide(reranker, here, options.batchRows(), options.batchTokens());
    long missing = lookup.missing();
    run =
        RunScores.begin(
            found.kept().scores(),
            found.scores(),
            new RunPlan.Work(
                output,
                pairs.digest().pairs(),
                pairs.digest().text(),
                missing,
                options.partitions().orElseGet(() -> PairNumbers.defaultTasks(missing)),
                scoring.batchRows(),
                scoring.batchTokens()),
            reranker.title());
    compute();
    return with(run.scored());
  }

  private void compute() {
    PairCost cost = PairCost.of(reranker.config(), reranker.prompt().maxLength());
    long left = lookup.missing() - run.scored().rows();
    progress.describe("rerank: counts the pairs");
    PairNumbers numbers = PairNumbers.of(lookup.toScore(), cost.estimate());
    counters.tell(
        progress,
        String.format(Locale.ROOT, "rerank: scores %,d pairs with %s", left, reranker.title()),
        left);
    run.committed(
        numbers
            .spread(run.plan().work().tasks(), new PairRows(reranker.prompt()))
            .mapPartitionsWithIndex(
                new StoredTask(
                    scoring,
                    cost,
                    counters,
                    new HadoopSettings(hadoop),
                    run.tasks(),
                    run.finishedTasks()),
                /* preservesPartitioning= */ false)
            .collect());
    if (run.scored().rows() != lookup.missing()) {
      throw new IllegalStateException(
          "scored " + run.scored().rows() + " of " + lookup.missing() + " pairs");
    }
  }

  /** What the run took from the store, and what it computed. */
  Reuse reuse() {
    long scored = counters.pairs();
    return new Reuse(
        pairs.digest().pairs(),
        pairs.digest().pairs() - scored,
        scored,
        Optional.ofNullable(run)
            .map(begun -> new Plan(begun.plan().id(), begun.plan().work().tasks(), takenUp)),
        notes);
  }

  /** What it computed with; empty where the store had everything. */
  Optional<Scoring> scoring() {
    return Optional.ofNullable(scoring);
  }

  /** Called when the outputs are there. */
  void end() {
    if (run != null) {
      tried("stays open until this command runs again", run::end);
    }
  }

  /** Of what has no bearing on the outputs, such as in a store that may only be read. */
  private void tried(String otherwise, Runnable action) {
    try {
      action.run();
    } catch (InputException e) {
      note("the plan %s: %s", otherwise, e.getMessage());
    }
  }

  private void note(String format, Object... values) {
    notes.add(String.format(Locale.ROOT, format, values));
  }

  private void forget() {
    if (lookup != null) {
      lookup.close();
    }
  }

  @Override
  public void close() {
    forget();
    pairs.close();
  }
}
