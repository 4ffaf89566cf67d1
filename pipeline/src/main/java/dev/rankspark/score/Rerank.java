package dev.rankspark.score;

import static org.apache.spark.sql.functions.col;

import dev.rankspark.InputException;
import dev.rankspark.PartlyDoneException;
import dev.rankspark.cluster.DriverFolders;
import dev.rankspark.cluster.ExecutorHardware;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.cluster.JobProgress;
import dev.rankspark.corpus.Candidates;
import dev.rankspark.corpus.Pairs;
import dev.rankspark.corpus.RerankInput;
import dev.rankspark.corpus.SingleFile.WorkFolder;
import dev.rankspark.eval.TrecEval;
import dev.rankspark.files.FileFailures;
import dev.rankspark.files.OutputFile;
import dev.rankspark.model.Hardware;
import dev.rankspark.progress.ProgressListener;
import dev.rankspark.reranker.Reranker;
import dev.rankspark.run.Hit;
import dev.rankspark.run.Qrels;
import dev.rankspark.run.Run;
import dev.rankspark.score.RerankReport.Comparison;
import dev.rankspark.score.RerankReport.Counted;
import dev.rankspark.score.RerankReport.Phases;
import dev.rankspark.score.RerankReport.Reuse;
import dev.rankspark.store.ScoreStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.storage.StorageLevel;

/**
 * The main job: pairs in, a run in the order of the cross encoder's scores out, as Tevatron's
 * {@code tevatron/reranker/driver/rerank.py} writes it.
 */
public final class Rerank {
  /** Beyond the candidates of any query; trec_eval has no recall without a cutoff. */
  private static final int ALL = 999_999_999;

  /** What the comparison shows, over all judged queries and within the candidates. */
  private static final List<Shown> SHOWN =
      List.of(
          new Shown("nDCG@10", "ndcg_cut.10", Integer.MAX_VALUE),
          new Shown("MRR@10", "recip_rank", 10),
          new Shown("Recall", "recall." + ALL, Integer.MAX_VALUE),
          new Shown("MAP", "map", Integer.MAX_VALUE));

  /** A measure by its name for people, by trec_eval's, and how many documents it looks at. */
  private record Shown(String name, String measure, int depth) {
    double of(Qrels qrels, Run run, int relevanceLevel) {
      return TrecEval.mean(measure, qrels, run, relevanceLevel, depth);
    }
  }

  private final SparkSession spark;
  private final Configuration hadoop;
  private final RerankOptions options;
  private final JobProgress progress;

  private final Reranker reranker;

  private final Optional<Qrels> qrels;

  private final Optional<ScoreStore> store;

  private Rerank(SparkSession spark, RerankOptions options, JobProgress progress) {
    this.spark = spark;
    this.hadoop = spark.sparkContext().hadoopConfiguration();
    this.options = options;
    this.progress = progress;
    options.files().forEach(path -> OutputFile.check(path, options.ifExists(), hadoop));
    this.qrels = options.judgements().map(judgements -> Qrels.read(judgements.qrels(), hadoop));
    Reranker opened =
        Reranker.open(
            options.scoring().model(),
            options.scoring().prompt(),
            options.scoring().recipe(),
            hadoop);
    this.reranker =
        opened.withFolders(DriverFolders.serve(spark.sparkContext(), opened.snapshots()));
    this.store = options.scoreStore().map(path -> ScoreStore.openOrMake(path, hadoop));
  }

  /**
   * Runs the job. What can be checked is checked before the cluster works; outputs appear whole or
   * not at all.
   *
   * @throws dev.rankspark.InputException if an input, the checkpoint or an output path is wrong
   * @throws dev.rankspark.DeviceException if the device or the dtype asked for is not to be had on
   *     the executors
   */
  public static RerankReport run(SparkSession spark, RerankOptions options) {
    return run(spark, options, ProgressListener.NONE);
  }

  /**
   * Likewise.
   *
   * @param listener told how far the job is
   */
  public static RerankReport run(
      SparkSession spark, RerankOptions options, ProgressListener listener) {
    try (JobProgress progress = JobProgress.tell(spark.sparkContext(), listener)) {
      Rerank job = new Rerank(spark, options, progress);
      RerankReport report = job.run();
      options.reportJson().ifPresent(path -> job.write(report, path));
      return report;
    }
  }

  private void write(RerankReport report, String path) {
    try (OutputFile file = OutputFile.create(path, options.ifExists(), hadoop)) {
      Writer writer = file.writer();
      writer.write(RerankReportJson.of(report, options));
      writer.flush();
      file.commit();
    } catch (InputException e) {
      throw new PartlyDoneException(
          options.files().get(0) + " was written, but not --report-json: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // of a file system that OutputFile names
    }
  }

  private RerankReport run() {
    long start = System.nanoTime();
    // Before anything of the input is read: a device that is not there is said at once. With a
    // store it is asked for what is missing alone.
    Optional<Hardware> hardware = store.isPresent() ? Optional.empty() : Optional.of(probe());
    if (options.candidates().isEmpty()) {
      Dataset<Row> pairs =
          RerankInput.read(spark, options.rerankInput(), options.shard())
              .persist(StorageLevel.MEMORY_AND_DISK());
      try {
        return rerank(pairs, Optional.empty(), hardware, start);
      } finally {
        pairs.unpersist();
      }
    }
    try (Candidates candidates = Candidates.pairs(spark, options.candidates().get())) {
      return rerank(candidates.pairs(), Optional.of(candidates.counts()), hardware, start);
    }
  }

  private Hardware probe() {
    return ExecutorHardware.probe(
        spark, options.scoring().device(), options.scoring().dtype(), reranker.config());
  }

  private RerankReport rerank(
      Dataset<Row> pairs,
      Optional<Candidates.Counts> counts,
      Optional<Hardware> hardware,
      long start) {
    String target = options.output().or(options::trecOutput).orElseThrow();
    ScoreCounters counters = new ScoreCounters(spark.sparkContext());
    try (WorkFolder work = WorkFolder.beside(target, spark.sparkContext(), hadoop)) {
      if (hardware.isPresent()) {
        Scoring scoring =
            Scoring.decide(
                reranker,
                hardware.get(),
                options.scoring().batchRows(),
                options.scoring().batchTokens());
        Dataset<Row> scored = score(pairs, scoring, counters, work);
        return finish(
            pairs, counts, scored, counters, Optional.of(scoring), Optional.empty(), start);
      }
      try (StoredScoring stored =
          new StoredScoring(
              spark,
              pairs,
              reranker,
              options.scoring(),
              store.orElseThrow(),
              target,
              progress,
              counters)) {
        Dataset<Row> all = stored.score();
        Dataset<Row> scored = stored.reading(() -> work.keep(all, "scored"));
        progress.reused(stored.reuse().reused());
        RerankReport report =
            finish(
                pairs,
                counts,
                scored,
                counters,
                stored.scoring(),
                Optional.of(stored.reuse()),
                start);
        stored.end();
        return report;
      }
    } catch (IOException e) {
      throw FileFailures.unwritable(target, e);
    }
  }

  private RerankReport finish(
      Dataset<Row> pairs,
      Optional<Candidates.Counts> counts,
      Dataset<Row> scored,
      ScoreCounters counters,
      Optional<Scoring> scoring,
      Optional<Reuse> reuse,
      long start) {
    double scoredSeconds = (System.nanoTime() - start) / 1e9;
    RankedPairs.Counts counted = write(scored);
    double writtenSeconds = (System.nanoTime() - start) / 1e9;
    long all = reuse.map(Reuse::pairs).orElseGet(counters::pairs);
    return new RerankReport(
        reranker.recipe(),
        new Counted(all, counted.queries(), counted.repeated()),
        counts,
        counters.tokens(scoring.map(Scoring::batchTokens).orElse(0), reranker.prompt().maxLength()),
        counters.work(
            scoring.map(Scoring::hardware),
            new Phases(scoredSeconds, writtenSeconds),
            progress.disturbances()),
        qrels.map(judged -> compare(judged, pairs, scored)).orElse(List.of()),
        reuse);
  }

  /** Scores all pairs into committed parts, so that nothing that follows computes a score again. */
  private Dataset<Row> score(
      Dataset<Row> pairs, Scoring scoring, ScoreCounters counters, WorkFolder work) {
    progress.describe("rerank: counts the pairs");
    PairCost cost = PairCost.of(reranker.config(), reranker.prompt().maxLength());
    PairNumbers numbers = PairNumbers.of(pairs, cost.estimate());
    int tasks =
        options
            .scoring()
            .partitions()
            .orElseGet(() -> PairNumbers.defaultTasks(numbers.pairCount()));
    counters.tell(
        progress,
        String.format(
            Locale.ROOT, "rerank: scores %,d pairs with %s", numbers.pairCount(), reranker.title()),
        numbers.pairCount());
    JavaRDD<Row> scored =
        numbers
            .spread(tasks, new PairRows(reranker.prompt()))
            .mapPartitions(new ScorePartition(scoring, cost, counters, new HadoopSettings(hadoop)));
    return work.keep(spark.createDataFrame(scored, ScorePartition.SCORED), "scored");
  }

  /** Writes both outputs aside before the first appears, so that what can fail fails there. */
  private RankedPairs.Counts write(Dataset<Row> scored) {
    String tag = options.runTag();
    Map<String, RankedPairs.Format> formats = new LinkedHashMap<>();
    options
        .output()
        .ifPresent(
            path ->
                formats.put(path, (qid, docid, rank, score) -> qid + "\t" + docid + "\t" + score));
    options
        .trecOutput()
        .ifPresent(
            path ->
                formats.put(
                    path,
                    (qid, docid, rank, score) ->
                        qid + " Q0 " + docid + " " + rank + " " + score + " " + tag));
    RankedPairs ranked = new RankedPairs(scored);
    List<OutputFile> files = new ArrayList<>();
    try {
      formats.forEach(
          (path, format) -> {
            progress.describe("rerank: writes " + path);
            files.add(ranked.stage(format, path, options.ifExists()));
          });
      publish(files);
      return ranked.counts();
    } finally {
      files.forEach(OutputFile::close);
    }
  }

  private static void publish(List<OutputFile> files) {
    for (int i = 0; i < files.size(); i++) {
      try {
        files.get(i).commit();
      } catch (InputException e) {
        if (i == 0) {
          throw e;
        }
        throw new PartlyDoneException(
            String.format(
                Locale.ROOT,
                "%s was written, but %s; the command with --overwrite writes both",
                files.get(0).path(),
                e.getMessage()),
            e);
      }
    }
  }

  private List<Comparison> compare(Qrels qrels, Dataset<Row> pairs, Dataset<Row> scored) {
    progress.describe("rerank: measures the run before and after");
    boolean hasFirstScores = pairs.where(col(Pairs.FIRST_SCORE).isNull()).isEmpty();
    Run before = judgedRun(qrels, pairs, Pairs.FIRST_SCORE);
    Run after = judgedRun(qrels, scored, ScorePartition.SCORE);
    int level = options.judgements().orElseThrow().relevanceLevel();
    List<Comparison> comparison = new ArrayList<>();
    for (Shown shown : SHOWN) {
      comparison.add(
          new Comparison(
              shown.name(),
              hasFirstScores ? Optional.of(shown.of(qrels, before, level)) : Optional.empty(),
              shown.of(qrels, after, level)));
    }
    return comparison;
  }

  /** The run of the judged queries, which are few however long the query log is. */
  private static Run judgedRun(Qrels qrels, Dataset<Row> rows, String score) {
    Map<String, List<Hit>> run = new LinkedHashMap<>();
    rows.where(col(Pairs.QID).isInCollection(qrels.qids()))
        .select(col(Pairs.QID), col(Pairs.DOCID), col(score).cast("double"))
        .collectAsList()
        .forEach(
            row ->
                run.computeIfAbsent(row.getString(0), qid -> new ArrayList<>())
                    .add(new Hit(row.getString(1), row.isNullAt(2) ? 0 : row.getDouble(2))));
    return Run.of(run);
  }
}
