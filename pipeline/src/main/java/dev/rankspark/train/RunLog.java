package dev.rankspark.train;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.files.TextFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;

/**
 * The lines of {@code trainer_log.jsonl}, with the field names of the Trainer's log history ({@code
 * loss, grad_norm, learning_rate, epoch, step}), unrounded. A loss is the mean over the steps since
 * the line before.
 */
final class RunLog {
  static final String FILE = "trainer_log.jsonl";
  static final String STEP = "step";
  static final String LOSS = "loss";
  private static final String SUM = "_loss_sum";
  private static final JsonMapper JSON = new JsonMapper();

  private final IntPredicate logged;
  private final List<ObjectNode> lines = new ArrayList<>();
  private double sum;
  private int steps;

  /**
   * @param logged whether a step makes a line
   * @param before the lines of an earlier part of this run
   */
  RunLog(IntPredicate logged, List<ObjectNode> before) {
    this.logged = logged;
    for (ObjectNode line : before) {
      if (line.has(SUM)) {
        sum = line.path(SUM).path(LOSS).doubleValue();
        steps = line.path(SUM).path(STEP).intValue();
      } else {
        lines.add(line);
      }
    }
  }

  /**
   * Notes a step.
   *
   * @return whether that made a line
   */
  boolean add(TrainingLoop.Step step, double epoch) {
    sum += step.loss();
    steps++;
    if (!logged.test(step.number())) {
      return false;
    }
    ObjectNode line = JSON.createObjectNode();
    line.put(LOSS, sum / steps);
    line.put("grad_norm", step.gradNorm());
    line.put("learning_rate", step.learningRate());
    add(line, epoch, step.number());
    sum = 0;
    steps = 0;
    return true;
  }

  /** Notes a measure of an evaluation. */
  void addEvaluation(String measure, double value, double epoch, int step) {
    add(JSON.createObjectNode().put("eval_" + measure, value), epoch, step);
  }

  /** The highest value of a measure, and the first step that had it. */
  record Best(double value, int step) {}

  Optional<Best> best(String measure) {
    return lines.stream()
        .filter(line -> line.has("eval_" + measure))
        .map(
            line ->
                new Best(line.path("eval_" + measure).doubleValue(), line.path(STEP).intValue()))
        .reduce((best, next) -> next.value > best.value ? next : best);
  }

  private void add(ObjectNode line, double epoch, int step) {
    line.put("epoch", epoch);
    line.put(STEP, step);
    lines.add(line);
  }

  /** The lines as a checkpoint keeps them, with what the next line begins with. */
  List<ObjectNode> state() {
    List<ObjectNode> state = new ArrayList<>(lines);
    ObjectNode rest = JSON.createObjectNode();
    rest.putObject(SUM).put(LOSS, sum).put(STEP, steps);
    state.add(rest);
    return state;
  }

  /** The lines of a run that has ended. */
  static List<ObjectNode> read(String outputDir, Configuration hadoop) {
    List<ObjectNode> lines = new ArrayList<>();
    try {
      new TextFile(outputDir + "/" + FILE, hadoop)
          .forEachLine((line, where) -> lines.add((ObjectNode) JSON.readTree(line)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return lines;
  }

  /** The file's content. */
  String text() {
    return lines.stream().map(line -> line + "\n").collect(Collectors.joining());
  }
}
