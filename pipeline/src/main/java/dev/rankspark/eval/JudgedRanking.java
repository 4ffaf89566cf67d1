package dev.rankspark.eval;

import dev.rankspark.run.Hit;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * One query's results in trec_eval's order with the grades of their documents ({@code
 * form_res_rels.c}).
 *
 * @param grades of the retrieved documents by rank: at least 0, {@link #NOT_IN_POOL} or {@link
 *     #UNJUDGED}
 * @param levels how many documents are judged with each grade, retrieved or not; no negative grades
 * @param relevanceLevel the lowest grade that counts as relevant
 */
record JudgedRanking(int[] grades, NavigableMap<Integer, Integer> levels, int relevanceLevel) {
  /** {@code RELVALUE_NONPOOL}: the document has no judgement. */
  static final int NOT_IN_POOL = -1;

  /** {@code RELVALUE_UNJUDGED}: its judgement is negative, whatever the number. */
  static final int UNJUDGED = -2;

  /** C's {@code strcmp}: by bytes, which is not the order of Java's UTF-16 units. */
  static final Comparator<String> BY_BYTES =
      (one, other) ->
          Arrays.compareUnsigned(
              one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));

  /**
   * The documents that count, best first: by score as a C float, descending, then by docid as
   * bytes, descending. The order of the run file and its ranks play no part.
   *
   * @param depth trec_eval's {@code -M}: the most documents that count
   */
  static List<Hit> ranked(List<Hit> hits, int depth) {
    return hits.stream()
        .sorted(
            (one, other) -> {
              float score = (float) one.score();
              float otherScore = (float) other.score();
              // Not Float.compare: to C, 0 and -0 are a tie.
              return score > otherScore
                  ? -1
                  : score < otherScore ? 1 : BY_BYTES.compare(other.docid(), one.docid());
            })
        .limit(depth)
        .toList();
  }

  /**
   * @param ranked as {@link #ranked} gives them
   * @param judgements the grades of the query's judged documents
   */
  static JudgedRanking of(List<Hit> ranked, Map<String, Integer> judgements, int relevanceLevel) {
    int[] grades = ranked.stream().mapToInt(hit -> mark(judgements.get(hit.docid()))).toArray();
    NavigableMap<Integer, Integer> levels = new TreeMap<>();
    judgements.values().stream()
        .filter(grade -> grade >= 0)
        .forEach(grade -> levels.merge(grade, 1, Integer::sum));
    return new JudgedRanking(grades, levels, relevanceLevel);
  }

  private static int mark(Integer grade) {
    if (grade == null) {
      return NOT_IN_POOL;
    }
    return grade < 0 ? UNJUDGED : grade;
  }

  /** trec_eval's {@code num_ret}. */
  int retrieved() {
    return grades.length;
  }

  /**
   * @param rank from 0
   */
  boolean isRelevant(int rank) {
    return grades[rank] >= relevanceLevel;
  }

  /** {@code num_rel}: relevant documents, retrieved or not. */
  int relevant() {
    return documents(levels.tailMap(relevanceLevel));
  }

  /** Judged documents, retrieved or not, that are not relevant. */
  int judgedNonrelevant() {
    return documents(levels.headMap(relevanceLevel));
  }

  /** {@code num_rel_ret}: judged ones alone, which matters to relevance levels below 0. */
  int relevantRetrieved() {
    return (int)
        Arrays.stream(grades).filter(grade -> grade >= Math.max(relevanceLevel, 0)).count();
  }

  /** Relevant documents among the first {@code depth}. */
  int relevantAmong(int depth) {
    int found = 0;
    for (int rank = 0; rank < Math.min(depth, grades.length); rank++) {
      found += isRelevant(rank) ? 1 : 0;
    }
    return found;
  }

  private static int documents(Map<Integer, Integer> levels) {
    return levels.values().stream().mapToInt(Integer::intValue).sum();
  }
}
