package dev.rankspark.train;

import static org.apache.spark.sql.functions.col;

import dev.rankspark.DeviceException;
import dev.rankspark.InputException;
import dev.rankspark.cluster.BarrierStage;
import dev.rankspark.cluster.DriverFolders;
import dev.rankspark.cluster.ExecutorHardware;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.cluster.JobProgress;
import dev.rankspark.cluster.Slots;
import dev.rankspark.corpus.Pairs;
import dev.rankspark.corpus.RerankInput;
import dev.rankspark.corpus.Shard;
import dev.rankspark.corpus.TrainingSet;
import dev.rankspark.files.FileFailures;
import dev.rankspark.files.MadeFolder;
import dev.rankspark.files.OutputDirectory;
import dev.rankspark.files.OutputTarget;
import dev.rankspark.files.UserPath;
import dev.rankspark.hub.HubSnapshot;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import dev.rankspark.progress.ProgressListener;
import dev.rankspark.prompt.PairText;
import dev.rankspark.run.Qrels;
import dev.rankspark.score.PairRows;
import dev.rankspark.train.TrainOptions.Begin;
import dev.rankspark.train.TrainOptions.Evaluation;
import dev.rankspark.train.TrainOptions.Output;
import dev.rankspark.train.TrainWorker.Report;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.SparkSession;

/**
 * Trains a reranker as Tevatron's {@code tevatron/reranker/driver/train.py} does, as one barrier
 * stage: its tasks take the groups of their rank, sum their gradients, and write checkpoints. The
 * stage's results leave it through a shuffle, so that Spark runs it again after the loss of an
 * executor, and it goes on from the last checkpoint.
 */
public final class Train {
  private static final Pattern OWN =
      Pattern.compile(
          "checkpoint-\\d+|trainer_log\\.jsonl|loss\\.png|adapter_.*|model.*\\.safetensors.*"
              + "|config\\.json|generation_config\\.json|tokenizer.*|special_tokens_map\\.json|added_tokens\\.json");

  private final SparkSession spark;
  private final Configuration hadoop;
  private final TrainOptions options;
  private final TrainedModel model;

  private Train(SparkSession spark, TrainOptions options) {
    this.spark = spark;
    this.hadoop = spark.sparkContext().hadoopConfiguration();
    this.options = options;
    Slots.check(spark.sparkContext(), options.compute().workers());
    checkOutput();
    this.model = TrainedModel.open(options.model(), options.trained(), options.prompt(), hadoop);
    model.loadTokenizer().close();
  }

  /**
   * Trains. What can be checked is checked before the stage begins.
   *
   * @param words told a line for people where something is to be said
   * @param listener told how far the training is
   * @throws InputException if an input, the checkpoint or the output directory is wrong
   * @throws DeviceException if the cluster or a device cannot do what was asked
   */
  public static TrainReport run(
      SparkSession spark, TrainOptions options, Consumer<String> words, ProgressListener listener) {
    try (JobProgress progress = JobProgress.tell(spark.sparkContext(), listener)) {
      return new Train(spark, options).run(words, progress);
    }
  }

  private void checkOutput() {
    Output output = options.output();
    List<String> there = OutputDirectory.list(output.directory(), hadoop);
    if (there.isEmpty()) {
      return;
    }
    if (!output.begin().resumes() && !output.overwrite()) {
      throw InputException.of(
          "--output-dir: %s is not empty (%s); go on with --resume-from-checkpoint true, or begin"
              + " anew with --overwrite-output-dir",
          output.directory(), there.get(0));
    }
    for (String name : there) {
      if (!OWN.matcher(name).matches() && !TrainingCheckpoint.isLeftover(name)) {
        throw InputException.of(
            "--output-dir: %s holds %s, which is not of a training; name another directory",
            output.directory(), name);
      }
    }
    String directory = qualified(output.directory());
    options.inputs().stream()
        .filter(input -> qualified(input).startsWith(directory))
        .findFirst()
        .ifPresent(
            input -> {
              throw InputException.of(
                  "--output-dir: %s holds %s, which is read; name another directory",
                  output.directory(), input);
            });
  }

  /** The folders of this machine's hub cache that are read, which workers may not see. */
  private Set<String> snapshots() {
    return Stream.concat(
            Stream.of(options.model().path(), options.model().tokenizer()),
            options.trained().adapter().stream())
        .filter(folder -> HubSnapshot.of(folder).isPresent())
        .collect(Collectors.toSet());
  }

  /** A path by which another is known to be the same or to lie below. */
  private String qualified(String path) {
    try {
      return UserPath.of(path, hadoop).real() + Path.SEPARATOR;
    } catch (InputException e) {
      return path; // whoever reads it says what is wrong with it
    }
  }

  private TrainReport run(Consumer<String> words, JobProgress progress) {
    TrainingSet set =
        TrainingSet.read(
            spark,
            options.data().dataset(),
            options.data().corpus(),
            options.data().choice().trainGroupSize());
    if (!set.unused().isEmpty()) {
      words.accept(
          options.data().dataset()
              + ": not used: "
              + String.join(", ", set.unused())
              + "; the loss is the cross entropy of each group, of texts with --query-prefix and"
              + " --passage-prefix alone");
    }
    TrainingPlan plan =
        new TrainingPlan(set.size(), options.compute().workers(), options.data().plan());
    TrainOptions.Rate course = options.rate();
    LearningRate rate =
        new LearningRate(
            course.peak(),
            course.schedule(),
            LearningRate.warmupSteps(course.warmupSteps(), course.warmupRatio(), plan.steps()),
            plan.steps());
    Hardware hardware = probeHardware();
    Map<String, String> settings =
        ResumeSettings.of(
            options.withTrained(model.trained()), model.sum(), set.size() + " items, " + set.sum());
    Optional<TrainingCheckpoint> begin = begin(settings, words);
    int done = begin.map(checkpoint -> (int) checkpoint.state().step()).orElse(0);
    if (done >= plan.steps() && hasResult()) {
      throw InputException.of(
          "%s is of step %d, and the training has %d: nothing is left to do",
          begin.orElseThrow().path(), done, plan.steps());
    }
    TrainProgress counts = new TrainProgress(spark.sparkContext());
    TrainWorker worker =
        new TrainWorker(
            new TrainWorker.Source(
                options.model(),
                options.trained(),
                options.prompt(),
                DriverFolders.serve(spark.sparkContext(), snapshots())),
            new TrainWorker.Course(plan, rate, options.optimizer()),
            options.compute(),
            hardware,
            options.output(),
            new TrainWorker.Begin(
                settings, begin.map(TrainingCheckpoint::path).orElse(TrainWorker.NOWHERE), done),
            evaluation(),
            counts,
            new HadoopSettings(hadoop));
    JavaRDD<PlacedGroup> groups =
        PlacedGroups.spread(set.items(), plan, options.data().choice(), template(), done + 1);
    MadeFolder folder = prepareOutput();
    counts.tell(
        progress,
        String.format(
            Locale.ROOT,
            "train: takes %,d steps with %s on %,d workers",
            plan.steps() - done,
            options.model().path(),
            plan.workers()),
        plan,
        options.data().choice().trainGroupSize(),
        done);
    try {
      return report(set, plan, hardware, train(groups, worker));
    } catch (RuntimeException | Error e) {
      folder.removeIfEmpty();
      throw e;
    }
  }

  private static List<Report> train(JavaRDD<PlacedGroup> groups, TrainWorker worker) {
    return BarrierStage.run(groups, worker::run).stream()
        .map(TrainWorker::report)
        .sorted(Comparator.comparingInt(Report::rank))
        .toList();
  }

  private TrainReport report(
      TrainingSet set, TrainingPlan plan, Hardware hardware, List<Report> reports) {
    Report fault =
        reports.stream()
            .filter(report -> report.error() != null)
            .min(Comparator.comparing(Report::stopped))
            .orElse(null);
    if (fault != null) {
      if (fault.isDevice()) {
        throw new DeviceException(fault.error());
      }
      throw InputException.of("%s", fault.error());
    }
    double seconds = reports.stream().mapToDouble(Report::seconds).max().orElseThrow();
    double allReduce =
        reports.stream().mapToDouble(Report::allReduceSeconds).average().orElseThrow();
    return new TrainReport(
        set.size(),
        plan.steps(),
        reports.get(0).begunAt(),
        reports.stream().mapToLong(Report::pairs).sum(),
        model.parameters().elements(),
        plan.workers(),
        seconds,
        allReduce / Math.max(seconds, 1e-9),
        hardware.description(),
        RunLog.read(options.output().directory(), hadoop));
  }

  private Hardware probeHardware() {
    Hardware hardware =
        ExecutorHardware.probe(spark, options.compute().device(), options.compute().dtype());
    if (hardware.cuda() && hardware.compute() == Dtype.FLOAT16) {
      throw new DeviceException(
          "--fp16: training in float16 needs scaled losses, which is not built; a GPU can do"
              + " float32 and --bf16");
    }
    return hardware;
  }

  private Optional<TrainingCheckpoint> begin(Map<String, String> settings, Consumer<String> words) {
    Output output = options.output();
    if (!output.begin().resumes()) {
      return Optional.empty();
    }
    TrainingCheckpoint.Newest newest = TrainingCheckpoint.newest(output.directory(), hadoop);
    newest.broken().forEach(broken -> words.accept("not used: " + broken));
    Optional<TrainingCheckpoint> begin = newest.checkpoint();
    if (output.begin() instanceof Begin.Checkpoint checkpoint) {
      TrainingCheckpoint asked = TrainingCheckpoint.read(checkpoint.path(), hadoop);
      if (begin.isPresent() && begin.get().state().step() > asked.state().step()) {
        throw InputException.of(
            "--resume-from-checkpoint: %s is older than %s; name another --output-dir, or move the"
                + " newer ones away",
            asked.path(), begin.get().path());
      }
      begin = Optional.of(asked);
    }
    if (begin.isEmpty()) {
      throw InputException.of(
          "--resume-from-checkpoint: %s has no whole checkpoint", output.directory());
    }
    begin.get().compareSettings(settings);
    return begin;
  }

  /** Written last: a run that was killed after its last checkpoint has none. */
  private boolean hasResult() {
    List<String> there = OutputDirectory.list(options.output().directory(), hadoop);
    return there.contains("adapter_config.json") || there.contains("config.json");
  }

  /** A training that begins anew must not find an older one's checkpoints. */
  private MadeFolder prepareOutput() {
    String directory = options.output().directory();
    if (!options.output().begin().resumes() && !OutputDirectory.list(directory, hadoop).isEmpty()) {
      OutputTarget target = OutputTarget.of(directory, hadoop);
      try {
        target.system().delete(target.path(), true /* recursively */);
      } catch (IOException | FSError e) {
        throw FileFailures.unwritable(directory, e);
      }
    }
    return MadeFolder.make(directory, hadoop);
  }

  private TrainWorker.Evaluation evaluation() {
    return options.evaluation().map(this::read).orElse(TrainWorker.Evaluation.NONE);
  }

  private TrainWorker.Evaluation read(Evaluation evaluation) {
    if (UserPath.of(evaluation.qrels(), hadoop).isStream()) {
      throw InputException.of(
          "%s is a pipe or a device, and judgements are read more than once; write it to a file"
              + " first",
          evaluation.qrels());
    }
    Qrels.read(evaluation.qrels(), hadoop);
    PairRows texts = new PairRows(options.prompt());
    List<Evaluator.Pair> pairs =
        RerankInput.read(spark, evaluation.dataset(), Shard.ALL)
            .orderBy(col(Pairs.QUERY_POSITION), col(Pairs.POSITION))
            .collectAsList()
            .stream()
            .map(
                row ->
                    new Evaluator.Pair(
                        row.getAs(Pairs.QID), row.getAs(Pairs.DOCID), texts.text(row)))
            .toList();
    return new TrainWorker.Evaluation(
        pairs, evaluation.qrels(), evaluation.interval(), evaluation.keepBest());
  }

  private PairText template() {
    return new PairText(options.prompt().queryPrefix(), options.prompt().passagePrefix());
  }
}
