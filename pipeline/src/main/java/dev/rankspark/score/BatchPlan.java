package dev.rankspark.score;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Which texts of a task are scored together: a pure function of their lengths, so that a task that
 * is run again makes the same batches. Longest first, equally long ones in input order; neighbours
 * in that order need the least padding.
 */
final class BatchPlan {
  private BatchPlan() {}

  /**
   * Packs texts into batches.
   *
   * @param lengths tokens of each text
   * @param maxRows the most texts in a batch
   * @param maxTokens the most tokens in a batch, padding included; a longer text makes a batch
   *     alone
   * @return batches of indices into {@code lengths}; every index once
   */
  static List<int[]> plan(int[] lengths, int maxRows, int maxTokens) {
    Integer[] longestFirst = new Integer[lengths.length];
    Arrays.setAll(longestFirst, i -> i);
    Arrays.sort(longestFirst, Comparator.comparingInt((Integer i) -> -lengths[i])); // stable
    List<int[]> batches = new ArrayList<>();
    for (int from = 0; from < lengths.length; ) {
      int width = lengths[longestFirst[from]];
      int rows = Math.min(maxRows, Math.max(1, maxTokens / width));
      int to = Math.min(lengths.length, from + rows);
      batches.add(Arrays.stream(longestFirst, from, to).mapToInt(Integer::intValue).toArray());
      from = to;
    }
    return batches;
  }
}
