package dev.rankspark.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.DeviceException;
import dev.rankspark.InputException;
import dev.rankspark.distributed.Backend;
import dev.rankspark.distributed.ProcessGroup;
import dev.rankspark.distributed.Rendezvous;
import dev.rankspark.distributed.TaskResources;
import dev.rankspark.model.Hardware;
import dev.rankspark.model.TrainableEncoder;
import dev.rankspark.model.TrainableEncoder.AdamW;
import dev.rankspark.prompt.PairEncoder;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.run.OutputDirectory;
import dev.rankspark.run.Qrels;
import dev.rankspark.train.TrainOptions.Compute;
import dev.rankspark.train.TrainOptions.Lora;
import dev.rankspark.train.TrainOptions.Model;
import dev.rankspark.train.TrainOptions.Output;
import java.io.Serializable;
import java.time.Duration;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.deploy.SparkHadoopUtil;

/**
 * One task of the training's barrier stage. It begins from the newest whole checkpoint of the
 * output directory, so that a stage that Spark runs again after a loss goes on instead of beginning
 * anew. What the user has to mend is a report like any other: Spark would run the stage again for
 * an exception.
 *
 * @param settings what a checkpoint must have been made with
 * @param resumeFrom a checkpoint to begin from if the output directory has none; may be null
 * @param evaluation null for none
 */
record TrainWorker(
    Model model,
    Lora lora,
    PromptOptions prompt,
    TrainingPlan plan,
    LearningRate rate,
    AdamW optimizer,
    Compute compute,
    Output output,
    Hardware hardware,
    Map<String, String> settings,
    String resumeFrom,
    Evaluation evaluation,
    TrainProgress progress)
    implements Serializable {

  /** Longer than a worker computes between two sums; who dies is noticed at once. */
  private static final Duration TIMEOUT = Duration.ofMinutes(30);

  private static final JsonMapper JSON = new JsonMapper();

  /**
   * What is evaluated, and when.
   *
   * @param pairs all of them, on every worker
   */
  record Evaluation(List<Evaluator.Pair> pairs, String qrels, int steps, boolean keepBest)
      implements Serializable {}

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
    BarrierTaskContext task = BarrierTaskContext.get();
    int rank = task.partitionId();
    Report report;
    try {
      report = train(task, groups);
    } catch (TrainingLoop.StoppedByOtherException e) {
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

  private Report train(BarrierTaskContext task, Iterator<PlacedGroup> groups) {
    Configuration hadoop = SparkHadoopUtil.get().conf();
    int rank = task.partitionId();
    String begin = agree(task, rank == 0 ? newest(hadoop) : "");
    TrainedModel trained;
    Setup setup;
    try {
      trained = TrainedModel.open(model, lora, prompt, hadoop);
      setup = setup(task, trained, begin, hadoop);
    } catch (InputException | DeviceException e) {
      task.allGather(e.getMessage());
      throw e;
    }
    try (setup) {
      for (String error : task.allGather("")) {
        if (!error.isEmpty()) {
          throw new TrainingLoop.StoppedByOtherException(0);
        }
      }
      Backend backend = hardware.cuda() ? Backend.NCCL : Backend.GLOO;
      try (ProcessGroup workers = Rendezvous.join(task, backend, TIMEOUT)) {
        return new Run(trained, setup, workers, hadoop).run(groups);
      }
    }
  }

  /** What rank 0 says: a path, or nothing. */
  private static String agree(BarrierTaskContext task, String said) {
    return task.allGather(said)[0];
  }

  private String newest(Configuration hadoop) {
    return TrainingCheckpoint.newest(output.directory(), hadoop)
        .checkpoint()
        .map(TrainingCheckpoint::path)
        .orElse(resumeFrom == null ? "" : resumeFrom);
  }

  private record Setup(
      TrainableEncoder encoder, PairEncoder tokenizer, Optional<TrainerState> state)
      implements AutoCloseable {
    @Override
    public void close() {
      encoder.close();
      tokenizer.close();
    }
  }

  private Setup setup(
      BarrierTaskContext task, TrainedModel trained, String begin, Configuration hadoop) {
    Optional<TrainingCheckpoint> checkpoint =
        begin.isEmpty() ? Optional.empty() : Optional.of(TrainingCheckpoint.read(begin, hadoop));
    checkpoint.ifPresent(found -> found.compareSettings(settings));
    PairEncoder tokenizer = trained.loadTokenizer();
    TrainableEncoder encoder =
        trained.load(
            hardware,
            TaskResources.gpu(task),
            compute.checkpointing(),
            threads(task),
            plan.options().seed());
    checkpoint.ifPresent(found -> trained.restore(encoder, found));
    return new Setup(encoder, tokenizer, checkpoint.map(TrainingCheckpoint::state));
  }

  /** The executor's cores by the workers that share it. */
  private static int threads(BarrierTaskContext task) {
    String[] addresses =
        Arrays.stream(task.getTaskInfos()).map(info -> info.address()).toArray(String[]::new);
    String own = addresses[task.partitionId()];
    int here = (int) Arrays.stream(addresses).filter(own::equals).count();
    return Math.max(task.cpus(), TaskResources.executorCores(task) / here);
  }

  /** The run itself, once all workers are there. Rank 0 writes. */
  private final class Run {
    private final TrainedModel trained;
    private final TrainableEncoder encoder;
    private final PairEncoder tokenizer;
    private final ProcessGroup workers;
    private final Configuration hadoop;
    private final int begunAt;
    private final int saveSteps;
    private final RunLog log;
    private final Optional<Evaluator> evaluator;
    private double best;
    private long bestStep;
    private long pairs;
    private double allReduceSeconds;

    Run(TrainedModel trained, Setup setup, ProcessGroup workers, Configuration hadoop) {
      this.trained = trained;
      this.encoder = setup.encoder;
      this.tokenizer = setup.tokenizer;
      this.workers = workers;
      this.hadoop = hadoop;
      this.begunAt = setup.state.map(state -> (int) state.step()).orElse(0);
      this.saveSteps = output.saveSteps().of(plan.steps());
      this.log =
          new RunLog(
              output.loggingSteps().of(plan.steps()),
              setup.state.map(TrainerState::log).orElse(List.of()));
      this.evaluator =
          evaluation == null
              ? Optional.empty()
              : Optional.of(
                  new Evaluator(
                      evaluation.pairs(),
                      Qrels.read(evaluation.qrels(), hadoop),
                      encoder,
                      tokenizer,
                      workers));
      if (evaluation != null && evaluation.keepBest()) {
        log.best(Evaluator.NAME)
            .ifPresent(
                line -> {
                  best = line.value();
                  bestStep = line.step();
                });
      }
    }

    Report run(Iterator<PlacedGroup> groups) {
      long start = System.nanoTime();
      new TrainingLoop(plan, rate, optimizer, encoder, tokenizer, workers)
          .run(groups, begunAt, this::after);
      if (workers.rank() == 0) {
        writeResult();
      }
      double seconds = (System.nanoTime() - start) / 1e9;
      return new Report(
          workers.rank(), null, false, false, begunAt, pairs, seconds, allReduceSeconds);
    }

    private void after(TrainingLoop.Step step) {
      int number = step.number();
      double epoch = plan.epochAfter(number);
      pairs += step.pairs();
      allReduceSeconds += step.allReduceSeconds();
      boolean logged = log.add(step, epoch);
      boolean last = number == plan.steps();
      boolean isBest = false;
      if (evaluator.isPresent() && (number % evaluation.steps() == 0 || last)) {
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
        progress.report(step, workers.size());
        if (logged) {
          writeLog();
        }
        if (number % saveSteps == 0 || last || isBest) {
          save(number, epoch);
        }
      }
    }

    private void save(int step, double epoch) {
      float[] values = encoder.parameters();
      TrainingCheckpoint.write(
          output.directory(),
          new TrainerState(step, epoch, settings, log.state()),
          TrainedModel.state(encoder, values),
          directory -> trained.write(directory, values),
          hadoop);
      if (output.saveTotalLimit() > 0) {
        TrainingCheckpoint.keepNewest(
            output.directory(),
            output.saveTotalLimit(),
            bestStep > 0 ? OptionalLong.of(bestStep) : OptionalLong.empty(),
            hadoop);
      }
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
      float[] values = encoder.parameters();
      if (bestStep > 0 && bestStep < plan.steps()) {
        TrainingCheckpoint found =
            TrainingCheckpoint.read(output.directory() + "/checkpoint-" + bestStep, hadoop);
        trained.restore(encoder, found);
        values = encoder.parameters();
      }
      float[] result = values;
      try (OutputDirectory directory = OutputDirectory.create(output.directory(), hadoop)) {
        trained.write(directory, result);
        directory.commitInto(name -> false);
      }
    }
  }
}
