package dev.rankspark.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.DeviceException;
import dev.rankspark.InputException;
import dev.rankspark.cluster.BarrierTask;
import dev.rankspark.cluster.DriverFolders;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.distributed.Backend;
import dev.rankspark.distributed.ProcessGroup;
import dev.rankspark.distributed.Rendezvous;
import dev.rankspark.distributed.StoppedByOtherException;
import dev.rankspark.files.OutputDirectory;
import dev.rankspark.model.Hardware;
import dev.rankspark.model.TrainableEncoder;
import dev.rankspark.model.TrainableEncoder.AdamW;
import dev.rankspark.prompt.PairEncoder;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.run.Qrels;
import dev.rankspark.train.TrainOptions.Compute;
import dev.rankspark.train.TrainOptions.Model;
import dev.rankspark.train.TrainOptions.Output;
import dev.rankspark.train.TrainOptions.Trained;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.DoubleFunction;
import org.apache.hadoop.conf.Configuration;

/**
 * One task of the training's barrier stage. It begins from the newest whole checkpoint of the
 * output directory, so that a stage that Spark runs again after a loss goes on instead of beginning
 * anew. What the user has to mend is a report like any other: Spark would run the stage again for
 * an exception.
 *
 * @param settingsOfHadoop the driver's: a worker's own lack what the command line said of Hadoop
 */
record TrainWorker(
    Source source,
    Course course,
    Compute compute,
    Hardware hardware,
    Output output,
    Begin begin,
    Evaluation evaluation,
    TrainProgress progress,
    HadoopSettings settingsOfHadoop)
    implements Serializable {

  private static final JsonMapper JSON = new JsonMapper();

  /** No path: a worker that begins there begins anew. */
  static final String NOWHERE = "";

  /**
   * What is trained.
   *
   * @param folders where a worker finds the driver's
   */
  record Source(Model model, Trained trained, PromptOptions prompt, DriverFolders folders)
      implements Serializable {
    private TrainedModel open(Configuration hadoop) {
      return TrainedModel.open(model.at(folders), trained.at(folders), prompt, hadoop);
    }
  }

  /** The steps: of which groups, at which rate, by which rule. */
  record Course(TrainingPlan plan, LearningRate rate, AdamW optimizer) implements Serializable {}

  /**
   * Where the driver begins.
   *
   * @param settings what a checkpoint must have been made with
   * @param checkpoint to begin from if the output directory has none as new, or {@link #NOWHERE}
   * @param step of the checkpoint; 0 without one
   */
  record Begin(Map<String, String> settings, String checkpoint, int step) implements Serializable {}

  /**
   * What is evaluated, and when.
   *
   * @param pairs all of them, on every worker
   */
  record Evaluation(List<Evaluator.Pair> pairs, String qrels, Interval interval, boolean keepBest)
      implements Serializable {

    /** Nothing, never. */
    static final Evaluation NONE =
        new Evaluation(List.of(), "", new Interval(Interval.Strategy.NO, 0), /* keepBest= */ false);

    private boolean isAsked() {
      return !equals(NONE);
    }
  }

  /**
   * How a task ended.
   *
   * @param error what the user has to mend; null if there is nothing
   * @param isDevice whether that is the device's
   * @param stopped whether another worker's error ended it
   * @param begunAt steps that were done before
   * @param pairs computed by this worker
   */
  record Report(
      int rank,
      String error,
      boolean isDevice,
      boolean stopped,
      int begunAt,
      long pairs,
      double seconds,
      double allReduceSeconds) {}

  /** The task: its groups in, its report, as JSON, out. */
  String run(Iterator<PlacedGroup> groups) {
    BarrierTask task = BarrierTask.current();
    int rank = task.rank();
    Report report;
    try {
      report = train(task, groups);
    } catch (StoppedByOtherException e) {
      report = failed(rank, e.getMessage(), false, true);
    } catch (InputException e) {
      report = failed(rank, e.getMessage(), false, false);
    } catch (DeviceException e) {
      report = failed(rank, e.getMessage(), true, false);
    }
    try {
      return JSON.writeValueAsString(report);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static Report report(String json) {
    try {
      return JSON.readValue(json, Report.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Report failed(int rank, String error, boolean isDevice, boolean stopped) {
    return new Report(rank, error, isDevice, stopped, 0, 0, 0, 0);
  }

  private Report train(BarrierTask task, Iterator<PlacedGroup> groups) {
    Configuration hadoop = settingsOfHadoop.value();
    boolean first = task.rank() == 0;
    String checkpoint = task.exchange(() -> first ? newest(hadoop) : NOWHERE)[0];
    try (Setup setup = new Setup()) {
      task.exchange(
          () -> {
            setUp(setup, task, checkpoint, hadoop);
            return "";
          });
      Backend backend = hardware.cuda() ? Backend.NCCL : Backend.GLOO;
      try (ProcessGroup workers = Rendezvous.join(task, backend, compute.timeout())) {
        return new Training(setup, workers, hadoop).train(groups);
      }
    }
  }

  /** A path, or {@link #NOWHERE}. A stage that runs again finds a later one than the driver did. */
  private String newest(Configuration hadoop) {
    return TrainingCheckpoint.newest(output.directory(), hadoop)
        .checkpoint()
        .filter(checkpoint -> checkpoint.state().step() >= begin.step())
        .map(TrainingCheckpoint::path)
        .orElse(begin.checkpoint());
  }

  /** What a worker needs before it meets the others; filled step by step. */
  private static final class Setup implements AutoCloseable {
    private TrainedModel trained;
    private PairEncoder tokenizer;
    private TrainableEncoder encoder;
    private Optional<TrainerState> state = Optional.empty();
    private Optional<Qrels> qrels = Optional.empty();

    @Override
    public void close() {
      if (tokenizer != null) {
        tokenizer.close();
      }
      if (encoder != null) {
        encoder.close();
      }
    }
  }

  private void setUp(Setup setup, BarrierTask task, String path, Configuration hadoop) {
    setup.trained = source.open(hadoop);
    Optional<TrainingCheckpoint> checkpoint =
        path.equals(NOWHERE)
            ? Optional.empty()
            : Optional.of(TrainingCheckpoint.read(path, hadoop));
    checkpoint.ifPresent(found -> found.compareSettings(begin.settings()));
    setup.state = checkpoint.map(TrainingCheckpoint::state);
    setup.tokenizer = setup.trained.loadTokenizer();
    setup.encoder =
        setup.trained.load(
            hardware,
            task.gpu(),
            compute.checkpointing(),
            task.threads(),
            course.plan().options().seed(),
            progress.loading());
    checkpoint.ifPresent(found -> setup.trained.restore(setup.encoder, found));
    if (evaluation.isAsked()) {
      setup.qrels = Optional.of(Qrels.read(evaluation.qrels(), hadoop));
    }
  }

  /** The training itself, once all workers are there. Rank 0 writes. */
  private final class Training implements TrainingLoop.Listener {
    private final TrainedModel trained;
    private final TrainingPlan plan = course.plan();
    private final TrainableEncoder encoder;
    private final PairEncoder tokenizer;
    private final ProcessGroup workers;
    private final Configuration hadoop;
    private final int begunAt;
    private final RunLog log;
    private final Optional<Evaluator> evaluator;
    private double best = Double.NEGATIVE_INFINITY;
    private long bestStep;
    private long pairs;
    private double allReduceSeconds;

    Training(Setup setup, ProcessGroup workers, Configuration hadoop) {
      this.trained = setup.trained;
      this.encoder = setup.encoder;
      this.tokenizer = setup.tokenizer;
      this.workers = workers;
      this.hadoop = hadoop;
      this.begunAt = setup.state.map(state -> (int) state.step()).orElse(0);
      this.log =
          new RunLog(
              step -> output.logging().isDue(step, plan) || (output.logsFirstStep() && step == 1),
              setup.state.map(TrainerState::log).orElse(List.of()));
      this.evaluator =
          setup.qrels.map(
              qrels -> new Evaluator(evaluation.pairs(), qrels, encoder, tokenizer, workers));
      if (evaluation.keepBest() && workers.rank() == 0) {
        log.best(Evaluator.NAME)
            .filter(line -> isKept(line.step()))
            .ifPresent(
                line -> {
                  best = line.value();
                  bestStep = line.step();
                });
      }
    }

    /** Not if the training began elsewhere, or without {@code --load-best-model-at-end}. */
    private boolean isKept(long step) {
      return TrainingCheckpoint.find(output.directory(), step, hadoop).isPresent();
    }

    Report train(Iterator<PlacedGroup> groups) {
      long start = System.nanoTime();
      checkBegin();
      if (workers.rank() == 0) {
        progress.begins(begunAt);
      }
      new TrainingLoop(plan, course.rate(), course.optimizer(), encoder, tokenizer, workers)
          .run(groups, begunAt, this);
      if (workers.rank() == 0) {
        writeResult();
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      return new Report(
          workers.rank(), null, false, false, begunAt, pairs, seconds, allReduceSeconds);
    }

    @Override
    public void computed(int pairs) {
      progress.count(pairs);
    }

    @Override
    public void after(TrainingLoop.Step step) {
      int number = step.number();
      double epoch = plan.epochAfter(number);
      pairs += step.pairs();
      allReduceSeconds += step.allReduceSeconds();
      boolean logged = log.add(step, epoch);
      boolean last = number == plan.steps();
      boolean isBest = false;
      if (evaluator.isPresent() && (evaluation.interval().isDue(number, plan) || last)) {
        double measure = evaluator.get().measure();
        log.addEvaluation(Evaluator.NAME, measure, epoch, number);
        logged = true;
        isBest = evaluation.keepBest() && measure > best;
        if (isBest) {
          best = measure;
          bestStep = number;
        }
      }
      if (workers.rank() == 0) {
        progress.after(step);
        if (logged) {
          writeLog();
        }
        boolean savesLast = last && output.saving().strategy() != Interval.Strategy.NO;
        if (output.saving().isDue(number, plan) || savesLast || isBest) {
          save(number, epoch);
        }
      }
    }

    private void save(int step, double epoch) {
      float[] values = weightsAfter(step);
      TrainingCheckpoint.write(
          output.directory(),
          new TrainerState(step, epoch, begin.settings(), log.state()),
          TrainedModel.state(encoder, values),
          directory -> trained.write(directory, values),
          hadoop);
      if (output.saveTotalLimit() < Output.NO_LIMIT) {
        TrainingCheckpoint.keepNewest(
            output.directory(),
            output.saveTotalLimit(),
            bestStep > 0 ? OptionalLong.of(bestStep) : OptionalLong.empty(),
            hadoop);
      }
    }

    /**
     * A weight of a token that no text has would be found when the training is saved, not before.
     */
    private void checkBegin() {
      finiteWeights(
          value ->
              InputException.of(
                  "a weight is %s before step %d: the checkpoint that training begins with is damaged",
                  value, begunAt + 1));
    }

    /** The step that makes a weight no number had a finite loss and gradient itself. */
    private float[] weightsAfter(int step) {
      return finiteWeights(
          value ->
              InputException.of(
                  "step %d: a trained weight is %s; nothing was saved of this step. A smaller"
                      + " --learning-rate, or a larger --adam-epsilon, may help",
                  step, value));
    }

    private float[] finiteWeights(DoubleFunction<InputException> otherwise) {
      float[] values = encoder.parameters();
      for (float value : values) {
        if (!Float.isFinite(value)) {
          throw otherwise.apply(value);
        }
      }
      return values;
    }

    private void writeLog() {
      try (OutputDirectory directory = OutputDirectory.create(output.directory(), hadoop)) {
        directory.write(RunLog.FILE, log.text());
        directory.commitInto(name -> false);
      }
    }

    /** The trained adapter or model, beside the checkpoints. */
    private void writeResult() {
      writeLog();
      if (bestStep > 0 && bestStep < plan.steps()) {
        trained.restore(
            encoder, TrainingCheckpoint.find(output.directory(), bestStep, hadoop).orElseThrow());
      }
      float[] result = weightsAfter(plan.steps());
      try (OutputDirectory directory = OutputDirectory.create(output.directory(), hadoop)) {
        trained.write(directory, result);
        directory.commitInto(name -> false);
      }
    }
  }
}
