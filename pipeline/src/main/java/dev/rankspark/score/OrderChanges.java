package dev.rankspark.score;

import dev.rankspark.corpus.ReferenceScores;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How much our scores change a reference's order of the first documents. Documents to which the
 * reference gives equal scores have no order there: which of them stands first is no change.
 *
 * @param queries there are
 * @param changed queries of another order
 * @param positions with another document, over all queries
 * @param first of the changed queries
 */
record OrderChanges(int queries, int changed, int positions, Optional<String> first) {
  /** How many documents of a query are looked at. */
  static final int DEPTH = 10;

  /**
   * Compares.
   *
   * @param reference one score a pair
   * @param ours likewise
   */
  static OrderChanges of(List<ReferenceScores.Pair> pairs, double[] reference, double[] ours) {
    Map<String, List<Integer>> byQuery = new LinkedHashMap<>();
    for (int i = 0; i < pairs.size(); i++) {
      byQuery.computeIfAbsent(pairs.get(i).qid(), qid -> new ArrayList<>()).add(i);
    }
    int changed = 0;
    int positions = 0;
    Optional<String> first = Optional.empty();
    for (Map.Entry<String, List<Integer>> query : byQuery.entrySet()) {
      List<Double> before = top(query.getValue(), reference, reference);
      List<Double> after = top(query.getValue(), ours, reference);
      int moved = 0;
      for (int rank = 0; rank < before.size(); rank++) {
        moved += before.get(rank).equals(after.get(rank)) ? 0 : 1;
      }
      if (moved > 0) {
        changed++;
        positions += moved;
        first = first.or(() -> Optional.of(query.getKey()));
      }
    }
    return new OrderChanges(byQuery.size(), changed, positions, first);
  }

  /**
   * What the reference gives to those that stand first by some scores; equal ones as in the file.
   */
  private static List<Double> top(List<Integer> pairs, double[] by, double[] reference) {
    return pairs.stream()
        .sorted(Comparator.comparingDouble(pair -> -by[pair]))
        .limit(DEPTH)
        .map(pair -> reference[pair])
        .toList();
  }
}
