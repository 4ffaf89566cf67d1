package dev.rankspark.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** ndcg, with the grade as gain or one that is given for it. The relevance level plays no part. */
final class Gains {
  /** A gain that the command line gives a grade. */
  record Given(long grade, double gain) {}

  /**
   * @param documents how many are judged so
   */
  private record Level(long grade, double gain, int documents) {}

  private Gains() {}

  /**
   * Discounted gain of the results over that of the best order ({@code m_ndcg.c}).
   *
   * @param given for some grades; none for most uses
   */
  static double ndcg(JudgedRanking ranking, List<Given> given) {
    List<Level> levels = sorted(levels(ranking, given));
    double ideal = ideal(levels);
    if (ideal <= 0) {
      return 0;
    }
    double sum = 0;
    for (int rank = 0; rank < ranking.retrieved(); rank++) {
      double gain = gain(ranking.grades()[rank], levels);
      if (gain != 0) {
        sum += gain / CNumbers.log2(rank + 2);
      }
    }
    return sum / ideal;
  }

  /** Likewise of the first {@code depth}; the gain is the grade ({@code m_ndcg_cut.c}). */
  static double ndcgAmong(JudgedRanking ranking, int depth) {
    double ideal = 0;
    int best = 0;
    for (Map.Entry<Integer, Integer> level : ranking.levels().descendingMap().entrySet()) {
      for (int i = 0; i < level.getValue() && level.getKey() > 0 && best < depth; i++) {
        ideal += level.getKey() / CNumbers.log2(best + 2);
        best++;
      }
    }
    double sum = 0;
    for (int rank = 0; rank < Math.min(depth, ranking.retrieved()); rank++) {
      int gain = ranking.grades()[rank];
      if (gain > 0) {
        sum += gain / CNumbers.log2(rank + 2);
      }
    }
    return ideal > 0 ? sum / ideal : 0;
  }

  /** The sum ends at the first grade without a gain, though {@link #sorted} may hide more. */
  private static double ideal(List<Level> ascending) {
    double sum = 0;
    int rank = 0;
    int top = ascending.size() - 1;
    for (int i = top; i >= 0; i--) {
      Level level = ascending.get(i);
      if (level.gain() <= 0 && (i == top || level.documents() > 0)) {
        break;
      }
      for (int document = 0; document < level.documents(); document++) {
        sum += level.gain() / CNumbers.log2(rank + 2);
        rank++;
      }
    }
    return sum;
  }

  /** Of a grade with two gains, that of the first; other grades and marks gain nothing. */
  private static double gain(int grade, List<Level> levels) {
    for (Level level : levels) {
      if (level.grade() == grade) {
        return level.gain();
      }
    }
    return 0;
  }

  private static List<Level> levels(JudgedRanking ranking, List<Given> given) {
    List<Level> levels = new ArrayList<>();
    for (int i = 0; i < given.size(); i++) {
      Given level = given.get(i);
      boolean first =
          given.subList(0, i).stream().noneMatch(before -> before.grade() == level.grade());
      levels.add(
          new Level(level.grade(), level.gain(), first ? documents(level.grade(), ranking) : 0));
    }
    // Grades that no document has matter to the order of given gains alone: see sorted.
    IntStream grades =
        ranking.levels().isEmpty()
            ? IntStream.empty()
            : given.isEmpty()
                ? ranking.levels().keySet().stream().mapToInt(Integer::intValue)
                : IntStream.rangeClosed(0, ranking.levels().lastKey());
    grades
        .filter(grade -> given.stream().noneMatch(level -> level.grade() == grade))
        .forEach(grade -> levels.add(new Level(grade, grade, documents(grade, ranking))));
    return levels;
  }

  private static int documents(long grade, JudgedRanking ranking) {
    return grade >= 0 && grade <= Integer.MAX_VALUE
        ? ranking.levels().getOrDefault((int) grade, 0)
        : 0;
  }

  /**
   * By gain, ascending, as trec_eval sorts: it takes gains less than 1 apart for equal, which is no
   * order, so that the result depends on the steps of glibc's merge sort.
   */
  private static List<Level> sorted(List<Level> levels) {
    if (levels.size() < 2) {
      return levels;
    }
    List<Level> left = sorted(levels.subList(0, levels.size() / 2));
    List<Level> right = sorted(levels.subList(levels.size() / 2, levels.size()));
    List<Level> merged = new ArrayList<>();
    int l = 0;
    int r = 0;
    while (l < left.size() && r < right.size()) {
      boolean ascending = (int) (left.get(l).gain() - right.get(r).gain()) <= 0;
      merged.add(ascending ? left.get(l++) : right.get(r++));
    }
    merged.addAll(left.subList(l, left.size()));
    merged.addAll(right.subList(r, right.size()));
    return merged;
  }
}
