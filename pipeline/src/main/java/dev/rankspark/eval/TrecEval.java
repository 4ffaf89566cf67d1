package dev.rankspark.eval;

import dev.rankspark.eval.TrecEvalOptions.Value;
import dev.rankspark.run.Qrels;
import dev.rankspark.run.Run;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/**
 * trec_eval 9 ({@code trec_eval.c}) without its native code: the same values, printed alike.
 * Queries of the run without judgements do not count.
 */
public final class TrecEval {
  private TrecEval() {}

  /** What trec_eval prints, a line each: queries in the order of their ids, then all. */
  public static List<String> lines(Qrels qrels, Run run, TrecEvalOptions options) {
    List<Value> values = options.values();
    List<String> lines = new ArrayList<>();
    double[] sums = new double[values.size()];
    int queries = 0;
    for (String qid : new TreeSet<>(run.qids())) {
      if (!qrels.qids().contains(qid)) {
        continue;
      }
      queries++;
      JudgedRanking ranking = ranking(qrels, run, qid, options);
      for (int i = 0; i < sums.length; i++) {
        double value = values.get(i).measure().value(ranking, values.get(i).cutoff());
        sums[i] += value;
        if (options.perQuery() && values.get(i).measure().kind() != Measure.Kind.QUERIES) {
          lines.add(line(values.get(i), qid, value));
        }
      }
    }
    for (int i = 0; i < sums.length; i++) {
      lines.add(line(values.get(i), "all", ofRun(values.get(i), sums[i], queries, qrels, options)));
    }
    return lines;
  }

  /**
   * The run's value of one measure, over all judged queries ({@code -c}).
   *
   * @param measure as {@code -m} names it, with a single value, such as {@code ndcg_cut.10}
   * @param depth trec_eval's {@code -M}
   */
  public static double mean(String measure, Qrels qrels, Run run, int relevanceLevel, int depth) {
    TrecEvalOptions options =
        new TrecEvalOptions(List.of(measure), true, false, relevanceLevel, depth);
    Value value = options.values().get(0);
    double sum = 0;
    for (String qid : run.qids()) {
      if (qrels.qids().contains(qid)) {
        sum += value.measure().value(ranking(qrels, run, qid, options), value.cutoff());
      }
    }
    return ofRun(value, sum, run.qids().size(), qrels, options);
  }

  private static JudgedRanking ranking(Qrels qrels, Run run, String qid, TrecEvalOptions options) {
    return JudgedRanking.of(
        run.hits(qid), qrels.grades(qid), options.relevanceLevel(), options.depth());
  }

  /**
   * @param queries how many were added up
   */
  private static double ofRun(
      Value value, double sum, int queries, Qrels qrels, TrecEvalOptions options) {
    int averaged = options.complete() ? qrels.qids().size() : queries;
    return switch (value.measure().kind()) {
      case QUERIES -> averaged;
      case COUNT ->
          value.measure() == Measure.NUM_REL && options.complete() ? positive(qrels) : sum;
      case MEAN -> averaged == 0 ? 0 : sum / averaged;
    };
  }

  /**
   * trec_eval's {@code num_rel} under {@code -c}: all grades above 0, whatever the relevance level.
   */
  private static long positive(Qrels qrels) {
    return qrels.qids().stream()
        .flatMap(qid -> qrels.grades(qid).values().stream())
        .filter(grade -> grade > 0)
        .count();
  }

  private static String line(Value value, String query, double number) {
    String text =
        value.measure().kind() == Measure.Kind.MEAN
            // C rounds the exact binary value, halves to even; Java's %.4f rounds halves up
            ? new BigDecimal(number).setScale(4, RoundingMode.HALF_EVEN).toPlainString()
            : Long.toString((long) number);
    return String.format(Locale.ROOT, "%-22s\t%s\t%s", value.name(), query, text);
  }
}
