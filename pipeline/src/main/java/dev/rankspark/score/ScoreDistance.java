package dev.rankspark.score;

import java.util.stream.IntStream;

/**
 * How far two lists of scores of the same pairs lie apart.
 *
 * @param largest difference
 * @param at the pair that has it, the first of several
 * @param mean difference
 */
record ScoreDistance(double largest, int at, double mean) {
  /**
   * Measures.
   *
   * @param scores one a pair, at least one
   * @param others likewise
   */
  static ScoreDistance of(double[] scores, double[] others) {
    double[] differences =
        IntStream.range(0, scores.length)
            .mapToDouble(i -> Math.abs(scores[i] - others[i]))
            .toArray();
    int at = 0;
    double sum = 0;
    for (int i = 0; i < differences.length; i++) {
      at = differences[i] > differences[at] ? i : at;
      sum += differences[i];
    }
    return new ScoreDistance(differences[at], at, sum / differences.length);
  }
}
