package dev.rankspark.train;

import java.io.Serializable;
import java.util.List;

/**
 * A group where it is computed.
 *
 * @param epoch from 0
 * @param texts as the tokenizer takes them, the positive's first
 */
record PlacedGroup(TrainingPlan.Place place, int epoch, String qid, List<String> texts)
    implements Serializable {
  PlacedGroup {
    texts = List.copyOf(texts);
  }
}
