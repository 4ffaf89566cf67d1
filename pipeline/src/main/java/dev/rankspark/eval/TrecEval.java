package dev.rankspark.eval;

import dev.rankspark.eval.TrecEvalOptions.Value;
import dev.rankspark.run.Qrels;
import dev.rankspark.run.Run;
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
    int averaged = options.complete() ? qrels.qids().size() : queries;
    for (int i = 0; i < sums.length; i++) {
      lines.add(line(values.get(i), "all", ofRun(values.get(i), sums[i], averaged)));
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
    return ofRun(value, sum, qrels.qids().size());
  }

  private static JudgedRanking ranking(Qrels qrels, Run run, String qid, TrecEvalOptions options) {
    return JudgedRanking.of(
        run.hits(qid), qrels.grades(qid), options.relevanceLevel(), options.depth());
  }

  private static double ofRun(Value value, double sum, int queries) {
    return switch (value.measure().kind()) {
      case QUERIES -> queries;
      case COUNT -> sum;
      case MEAN -> queries == 0 ? 0 : sum / queries;
    };
  }

  private static String line(Value value, String query, double number) {
    return value.measure().kind() == Measure.Kind.MEAN
        ? String.format(Locale.ROOT, "%-22s\t%s\t%6.4f", value.name(), query, number)
        : String.format(Locale.ROOT, "%-22s\t%s\t%d", value.name(), query, (long) number);
  }
}
