package dev.rankspark.corpus;

import java.io.Serializable;
import java.util.List;

/**
 * A query of a training set with its judged passages, of which each epoch trains on a few.
 *
 * @param number where it stands in the training set, from 0
 * @param positives at least one
 * @param negatives may be empty
 */
public record TrainItem(
    int number, String qid, String query, List<Passage> positives, List<Passage> negatives)
    implements Serializable {
  public TrainItem {
    positives = List.copyOf(positives);
    negatives = List.copyOf(negatives);
    if (positives.isEmpty()) {
      throw new IllegalArgumentException("query_id " + qid + ": expected a positive, got none");
    }
  }
}
