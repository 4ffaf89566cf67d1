package dev.rankspark.eval;

import dev.rankspark.InputException;
import dev.rankspark.eval.Measure.Summary;
import dev.rankspark.eval.Measure.Value;
import dev.rankspark.run.Hit;
import dev.rankspark.run.Qrels;
import dev.rankspark.run.Run;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * trec_eval 9.0.4 ({@code trec_eval.c}) without its native code: the same values, printed alike to
 * the last character. Queries of the run without judgements do not count.
 *
 * <p>One case has no right answer: a query all of whose grades are negative. There trec_eval reads
 * what the query before left in memory, or crashes; here nothing is relevant and all values are 0.
 */
public final class TrecEval {
  private TrecEval() {}

  /**
   * What trec_eval prints, a line each: queries in the order of their ids' bytes, then all.
   *
   * @throws InputException where trec_eval stops: if no query has both results and judgements, or
   *     one of those that do has a document twice among the first {@code -M}
   */
  public static List<String> lines(Qrels qrels, Run run, TrecEvalOptions options) {
    List<String> qids = judged(run, qrels);
    if (qids.isEmpty()) {
      throw InputException.of(
          "%s: none of its %d queries is judged; expected judgements of the same query ids",
          run.name(), run.qids().size());
    }
    List<Value> values = options.values();
    double[] sums = new double[values.size()];
    List<String> lines = new ArrayList<>();
    for (String qid : qids) {
      List<Hit> ranked = JudgedRanking.ranked(run.hits(qid), options.depth());
      refuseDuplicates(ranked, qid, run);
      JudgedRanking ranking = JudgedRanking.of(ranked, qrels.grades(qid), options.relevanceLevel());
      for (int i = 0; i < sums.length; i++) {
        double value = values.get(i).ofQuery().applyAsDouble(ranking);
        sums[i] += value;
        if (options.perQuery() && values.get(i).measure().summary().isPerQuery()) {
          lines.add(line(values.get(i), qid, printed(values.get(i), value)));
        }
      }
    }
    for (int i = 0; i < sums.length && options.summary(); i++) {
      Value value = values.get(i);
      String text =
          value.measure().summary() == Summary.TAG
              ? run.tag()
              : printed(value, ofRun(value, sums[i], qids.size(), qrels, options.complete()));
      lines.add(line(value, "all", text));
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
    Value value =
        new TrecEvalOptions(
                List.of(measure),
                /* complete= */ true,
                /* perQuery= */ false,
                /* summary= */ true,
                relevanceLevel,
                depth)
            .values()
            .get(0);
    double sum = 0;
    List<String> qids = judged(run, qrels);
    for (String qid : qids) {
      List<Hit> ranked = JudgedRanking.ranked(run.hits(qid), depth);
      sum +=
          value
              .ofQuery()
              .applyAsDouble(JudgedRanking.of(ranked, qrels.grades(qid), relevanceLevel));
    }
    return ofRun(value, sum, qids.size(), qrels, /* complete= */ true);
  }

  private static List<String> judged(Run run, Qrels qrels) {
    return run.qids().stream()
        .filter(qrels.qids()::contains)
        .sorted(JudgedRanking.BY_BYTES)
        .toList();
  }

  private static void refuseDuplicates(List<Hit> hits, String qid, Run run) {
    Set<String> docids = new HashSet<>();
    for (Hit hit : hits) {
      if (!docids.add(hit.docid())) {
        throw InputException.of(
            "%s: docid %s of query %s is there twice; expected each document once",
            run.name(), hit.docid(), qid);
      }
    }
  }

  /**
   * @param queries how many were added up
   */
  private static double ofRun(Value value, double sum, int queries, Qrels qrels, boolean complete) {
    int averaged = complete ? qrels.qids().size() : queries;
    return switch (value.measure().summary()) {
      case TAG, SUM -> sum;
      case QUERIES -> averaged;
      case SUM_OF_RELEVANT -> complete ? positive(qrels) : sum;
      case MEAN -> averaged == 0 ? 0 : sum / averaged;
      case GEOMETRIC_MEAN ->
          averaged == 0
              ? 0
              : Math.exp((sum + (averaged - queries) * Math.log(Measure.MIN_GEO_MEAN)) / averaged);
    };
  }

  private static long positive(Qrels qrels) {
    return qrels.qids().stream()
        .flatMap(qid -> qrels.grades(qid).values().stream())
        .filter(grade -> grade > 0)
        .count();
  }

  /** {@code %6.4f} or {@code %ld}. */
  private static String printed(Value value, double number) {
    if (!value.measure().summary().isFraction()) {
      return Long.toString((long) number);
    }
    String text = CNumbers.fixed(number, 4);
    return " ".repeat(Math.max(0, 6 - text.length())) + text;
  }

  /** {@code %-22s}, which counts bytes. */
  private static String line(Value value, String query, String text) {
    int width = value.name().getBytes(StandardCharsets.UTF_8).length;
    return value.name() + " ".repeat(Math.max(0, 22 - width)) + "\t" + query + "\t" + text;
  }
}
