package dev.rankspark.train;

import dev.rankspark.DeviceException;
import dev.rankspark.InputException;
import dev.rankspark.distributed.ProcessGroup;
import dev.rankspark.distributed.StoppedByOtherException;
import dev.rankspark.model.DeviceMemoryException;
import dev.rankspark.model.TrainBatch;
import dev.rankspark.model.TrainableEncoder;
import dev.rankspark.model.TrainableEncoder.AdamW;
import dev.rankspark.prompt.PairEncoder;
import dev.rankspark.prompt.PairTokens;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * One worker's part of a training: its groups in, an optimizer step after every window of them. The
 * workers' gradients are summed once a step, so that all of them hold the same parameters; each
 * group weighs one part in all groups of its step, whoever computes it. For one thread.
 */
final class TrainingLoop {
  /**
   * Tokens that are computed together, unless a single group has more: a batch's groups beyond are
   * computed one after the other, which adds the same gradients in less memory.
   */
  private static final int TOKENS_TOGETHER = 4_096;

  private final TrainingPlan plan;
  private final LearningRate rate;
  private final AdamW optimizer;
  private final TrainableEncoder encoder;
  private final PairEncoder tokenizer;
  private final ProcessGroup workers;

  /**
   * @param workers of which this is one
   */
  TrainingLoop(
      TrainingPlan plan,
      LearningRate rate,
      AdamW optimizer,
      TrainableEncoder encoder,
      PairEncoder tokenizer,
      ProcessGroup workers) {
    this.plan = plan;
    this.rate = rate;
    this.optimizer = optimizer;
    this.encoder = encoder;
    this.tokenizer = tokenizer;
    this.workers = workers;
  }

  /**
   * An optimizer step that was taken.
   *
   * @param number from 1
   * @param loss mean over all groups of all workers
   * @param microLosses the mean of each of this worker's batches
   * @param gradNorm before clipping
   * @param learningRate after it, as the Trainer logs it
   * @param pairs texts of this worker
   * @param allReduceSeconds spent on the workers' sum, waiting for others included
   */
  record Step(
      int number,
      double loss,
      List<Double> microLosses,
      double gradNorm,
      double learningRate,
      int pairs,
      double seconds,
      double allReduceSeconds) {}

  /** Told of every step. */
  @FunctionalInterface
  interface Listener {
    /** Within a step: so many texts more have their gradient. */
    default void computed(int pairs) {}

    void after(Step step);
  }

  /**
   * Trains to the end.
   *
   * @param groups this worker's, in the order of their places; those of steps done are passed over
   * @param done steps that were taken before
   * @throws InputException if a loss is not finite, a text cannot be used, or the listener throws
   *     it; all workers stop at the same step, those without fault by a {@link
   *     StoppedByOtherException}
   * @throws DeviceException if the device has no memory for a batch, or the listener throws it;
   *     likewise
   */
  void run(Iterator<PlacedGroup> groups, int done, Listener listener) {
    Ahead ahead = new Ahead(groups, done);
    Optional<RuntimeException> fault = Optional.empty();
    for (int number = done + 1; number <= plan.steps(); number++) {
      Step step =
          step(number, fault.isEmpty() ? ahead.batches(number) : List.of(), fault, listener);
      fault = tell(listener, step);
    }
    fault.ifPresent(
        e -> {
          throw e;
        });
  }

  /** What goes wrong between two steps, as on a full disk, is told with the next one's sum. */
  private static Optional<RuntimeException> tell(Listener listener, Step step) {
    try {
      listener.after(step);
      return Optional.empty();
    } catch (InputException | DeviceException | StoppedByOtherException e) {
      return Optional.of(e);
    }
  }

  /** Reads one group ahead, so that the end of a batch is seen. */
  private static final class Ahead {
    private final Iterator<PlacedGroup> groups;
    private PlacedGroup next;

    Ahead(Iterator<PlacedGroup> groups, int done) {
      this.groups = groups;
      do {
        advance();
      } while (next != null && next.place().step() <= done);
    }

    private void advance() {
      next = groups.hasNext() ? groups.next() : null;
    }

    /** This worker's batches of a step; fewer than others', or none, at an epoch's end. */
    List<List<PlacedGroup>> batches(int step) {
      List<List<PlacedGroup>> batches = new ArrayList<>();
      while (next != null && next.place().step() == step) {
        int micro = next.place().micro();
        List<PlacedGroup> batch = new ArrayList<>();
        while (next != null && next.place().step() == step && next.place().micro() == micro) {
          batch.add(next);
          advance();
        }
        batches.add(batch);
      }
      return batches;
    }
  }

  /**
   * @param before why this worker stops; then there are no batches
   */
  private Step step(
      int number,
      List<List<PlacedGroup>> batches,
      Optional<RuntimeException> before,
      Listener listener) {
    long start = System.nanoTime();
    List<Double> microLosses = new ArrayList<>();
    double weight = 1.0 / plan.groupsOfStep(number);
    double loss = 0;
    int pairs = 0;
    Optional<RuntimeException> fault = before;
    try {
      for (List<PlacedGroup> batch : batches) {
        double sum = losses(number, batch, weight, listener);
        microLosses.add(sum / batch.size());
        loss += sum * weight;
        pairs += batch.stream().mapToInt(group -> group.texts().size()).sum();
      }
    } catch (InputException | DeviceException e) {
      fault = Optional.of(e);
    }
    if (fault.isPresent()) {
      loss = Double.NaN; // tells the others, so that all stop here and nobody waits
    }
    long computed = System.nanoTime();
    workers.allReduceSum(encoder.gradient());
    double all = Sums.of(workers, encoder.gradient(), loss);
    double allReduceSeconds = (System.nanoTime() - computed) / 1e9;
    if (fault.isPresent()) {
      throw fault.get();
    }
    if (!Double.isFinite(all)) {
      throw new StoppedByOtherException("step " + number);
    }
    double norm = encoder.update(optimizer, rate.at(number), number);
    if (!Double.isFinite(norm)) {
      throw InputException.of(
          "step %d: the gradient's norm is %s, of a loss of %s; nothing was saved of this step. A"
              + " smaller --learning-rate, or --max-grad-norm, may help",
          number, norm, all);
    }
    return new Step(
        number,
        all,
        microLosses,
        norm,
        rate.after(number),
        pairs,
        (System.nanoTime() - start) / 1e9,
        allReduceSeconds);
  }

  /** The sum of a batch's losses; their gradient is added up. */
  private double losses(int step, List<PlacedGroup> batch, double weight, Listener listener) {
    double sum = 0;
    List<TrainBatch.Group> groups = batch.stream().map(this::tokens).toList();
    for (int from = 0, to; from < groups.size(); from = to) {
      int tokens = groups.get(from).tokens();
      to = from + 1;
      while (to < groups.size() && tokens + groups.get(to).tokens() <= TOKENS_TOGETHER) {
        tokens += groups.get(to++).tokens();
      }
      float[] losses = addGradient(step, batch.subList(from, to), groups.subList(from, to), weight);
      for (int i = 0; i < losses.length; i++) {
        if (!Float.isFinite(losses[i])) {
          throw InputException.of(
              "step %d: the loss of query %s's group is %s; nothing was saved of this step. A"
                  + " smaller --learning-rate may help, or training without --bf16",
              step, batch.get(from + i).qid(), losses[i]);
        }
        sum += losses[i];
      }
      listener.computed(
          groups.subList(from, to).stream().mapToInt(group -> group.texts().size()).sum());
    }
    return sum;
  }

  private float[] addGradient(
      int step, List<PlacedGroup> batch, List<TrainBatch.Group> groups, double weight) {
    try {
      return encoder.addGradient(TrainBatch.pack(groups), weight);
    } catch (DeviceMemoryException e) {
      // No smaller part is tried: the gradient may have been added to.
      throw e.ofTexts(
          "step " + step,
          groups.stream().mapToInt(group -> group.texts().size()).sum(),
          groups.stream().mapToInt(TrainBatch.Group::tokens).sum(),
          "those of query "
              + batch.stream().map(PlacedGroup::qid).collect(Collectors.joining(", ")),
          "--gradient-checkpointing, --bf16, or a smaller --rerank-max-len, --train-group-size or"
              + " --per-device-train-batch-size");
    }
  }

  private TrainBatch.Group tokens(PlacedGroup group) {
    List<long[]> texts = tokenizer.encode(group.texts()).stream().map(PairTokens::ids).toList();
    return new TrainBatch.Group(texts, plan.dropoutSeed(group.place()));
  }
}
