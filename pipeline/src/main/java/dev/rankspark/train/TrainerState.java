package dev.rankspark.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
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
record TrainerState(long step, double epoch, Map<String, String> settings, List<ObjectNode> log) {
  private static final JsonMapper JSON = new JsonMapper();

  public TrainerState {
    if (step < 0 || !(epoch >= 0)) {
      throw new IllegalArgumentException("no step " + step + " of epoch " + epoch);
    }
    SortedMap<String, String> sorted = new TreeMap<>(settings);
    settings = Collections.unmodifiableMap(sorted);
    log = log.stream().map(TrainerState::reread).toList();
  }

  /** A copy, of nodes that are equal to those of a file: a 2 is a long here and an int there. */
  private static ObjectNode reread(ObjectNode line) {
    try {
      return (ObjectNode) JSON.readTree(line.toString());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
