package dev.rankspark.eval;

import dev.rankspark.run.Hit;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * One query's results in trec_eval's order ({@code form_res_rels.c}), with the grades of their
 * documents: by score as a C float, descending, then by docid as bytes, descending. The order of
 * the run file and its ranks play no part.
 *
 * @param grades of the retrieved documents by rank; {@link #UNJUDGED} for those without a judgement
 * @param judged the grades of all judged documents of the query, in no order
 * @param relevanceLevel the lowest grade that counts as relevant
 */
record JudgedRanking(int[] grades, int[] judged, int relevanceLevel) {
  /** Below any grade, so that it is never relevant. */
  static final int UNJUDGED = Integer.MIN_VALUE;

  /**
   * @param depth trec_eval's {@code -M}: the most documents that count
   */
  static JudgedRanking of(
      List<Hit> hits, Map<String, Integer> grades, int relevanceLevel, int depth) {
    List<Hit> ranked = new ArrayList<>(hits);
    ranked.sort(
        (one, other) -> {
          int byScore = Float.compare((float) other.score(), (float) one.score());
          return byScore != 0 ? byScore : compareBytes(other.docid(), one.docid());
        });
    int[] ranking =
        ranked.stream()
            .limit(depth)
            .mapToInt(hit -> grades.getOrDefault(hit.docid(), UNJUDGED))
            .toArray();
    int[] judged = grades.values().stream().mapToInt(Integer::intValue).toArray();
    return new JudgedRanking(ranking, judged, relevanceLevel);
  }

  private static int compareBytes(String one, String other) {
    return Arrays.compareUnsigned(
        one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));
  }

  int retrieved() {
    return grades.length;
  }

  /**
   * @param rank from 0
   */
  boolean isRelevant(int rank) {
    return grades[rank] >= relevanceLevel;
  }

  /** Relevant documents, retrieved or not. */
  int relevant() {
    return (int) Arrays.stream(judged).filter(grade -> grade >= relevanceLevel).count();
  }

  /** Relevant documents among the first {@code depth}. */
  int relevantRetrieved(int depth) {
    int found = 0;
    for (int rank = 0; rank < Math.min(depth, grades.length); rank++) {
      found += isRelevant(rank) ? 1 : 0;
    }
    return found;
  }
}
