package dev.rankspark.eval;

import java.util.Arrays;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * trec_eval's measures of one ranked list that is known by its grades alone, best first. A document
 * without a judgement, {@link #UNJUDGED}, counts as one that is not relevant; grades of 1 and more
 * are relevant.
 */
public final class RankedGrades {
  /** The place of a grade where there is none. */
  public static final int UNJUDGED = JudgedRanking.NOT_IN_POOL;

  private static final int RELEVANCE_LEVEL = 1;

  private final JudgedRanking ranking;

  private RankedGrades(JudgedRanking ranking) {
    this.ranking = ranking;
  }

  /**
   * @param grades of the list, best first
   * @param judged of all documents that are judged for the query, in the list or not, in any order;
   *     negative ones count for nothing
   */
  public static RankedGrades of(int[] grades, int[] judged) {
    NavigableMap<Integer, Integer> levels = new TreeMap<>();
    for (int grade : judged) {
      if (grade >= 0) {
        levels.merge(grade, 1, Integer::sum);
      }
    }
    return new RankedGrades(new JudgedRanking(grades, levels, RELEVANCE_LEVEL));
  }

  /** Of a list that has all documents that are judged. */
  public static RankedGrades of(int[] grades) {
    return of(grades, grades);
  }

  /**
   * {@code ndcg_cut}: discounted gain of the first k over that of the best order; 0 where no
   * judgement is above 0.
   *
   * @param k at least 1
   */
  public double ndcg(int k) {
    return value(Measure.NDCG_CUT, k);
  }

  /**
   * {@code recall}: relevant documents among the first k, over all relevant ones; 0 where there are
   * none.
   *
   * @param k at least 1
   */
  public double recall(int k) {
    return value(Measure.RECALL, k);
  }

  /** {@code map} of one query: the mean of the precision at each relevant document. */
  public double averagePrecision() {
    return value(Measure.MAP, Optional.empty());
  }

  /**
   * {@code recip_rank} of one query: one over the rank of the first relevant document; 0 if it is
   * not among the first k.
   *
   * @param k at least 1
   */
  public double reciprocalRank(int k) {
    int[] grades = ranking.grades();
    JudgedRanking cut =
        new JudgedRanking(
            Arrays.copyOf(grades, Math.min(k, grades.length)), ranking.levels(), RELEVANCE_LEVEL);
    return new RankedGrades(cut).value(Measure.RECIP_RANK, Optional.empty());
  }

  private double value(Measure measure, int k) {
    return value(measure, Optional.of(Integer.toString(k)));
  }

  private double value(Measure measure, Optional<String> parameters) {
    return measure.values(parameters).get(0).ofQuery().applyAsDouble(ranking);
  }
}
