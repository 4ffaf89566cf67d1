package dev.rankspark.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.progress.Figures;
import java.util.List;
import java.util.Locale;

/**
 * What a training did.
 *
 * @param items of the training set
 * @param steps of the whole training
 * @param begunAt steps that were done before this run, or before its last stage
 * @param pairs computed by all workers since
 * @param trained numbers that were trained
 * @param seconds the slowest worker's, since all had loaded the model
 * @param allReduceShare of these seconds, on the workers' sums, waiting included
 * @param hardware what it was computed on and in
 * @param log the lines of {@code trainer_log.jsonl}
 */
public record TrainReport(
    int items,
    int steps,
    int begunAt,
    long pairs,
    long trained,
    int workers,
    double seconds,
    double allReduceShare,
    String hardware,
    List<ObjectNode> log) {

  /** One line for people. */
  public String summary(String directory) {
    return String.format(
        Locale.ROOT,
        "Trained %,d parameters for %,d steps%s on %,d groups of %d workers in %.1f s (%s pairs/s,"
            + " %.1f %% of it all-reduce; %s); %s",
        trained,
        steps - begunAt,
        begunAt == 0 ? "" : " after " + begunAt,
        items,
        workers,
        seconds,
        Figures.measuredRate(pairs / Math.max(seconds, 1e-9)),
        100 * allReduceShare,
        hardware,
        directory);
  }
}
