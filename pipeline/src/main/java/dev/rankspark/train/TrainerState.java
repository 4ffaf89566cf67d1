package dev.rankspark.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How far a training run is, beside its weights.
 *
 * @param step optimizer steps that are done, from 0 on
 * @param epoch passes over the data that are done, with fractions
 * @param settings what must be the same for the run to go on from here, by name
 * @param log the lines of the run's log so far
 */
public record TrainerState(
    long step, double epoch, Map<String, String> settings, List<ObjectNode> log) {
  public TrainerState {
    if (step < 0 || !(epoch >= 0)) {
      throw new IllegalArgumentException("no step " + step + " of epoch " + epoch);
    }
    SortedMap<String, String> sorted = new TreeMap<>(settings);
    settings = Collections.unmodifiableMap(sorted);
    log = List.copyOf(log);
  }
}
