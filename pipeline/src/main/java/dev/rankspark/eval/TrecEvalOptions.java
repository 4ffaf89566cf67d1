package dev.rankspark.eval;

import dev.rankspark.OptionException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * trec_eval's options.
 *
 * @param measures {@code -m}: names, with cutoffs after a point, such as {@code ndcg_cut.10,20};
 *     without them trec_eval's defaults
 * @param complete {@code -c}: average over all judged queries; those without results count as 0
 * @param perQuery {@code -q}: print each query as well
 * @param relevanceLevel {@code -l}: the lowest grade that counts as relevant
 * @param depth {@code -M}: the most documents of a query that count
 */
public record TrecEvalOptions(
    List<String> measures, boolean complete, boolean perQuery, int relevanceLevel, int depth) {

  /** trec_eval's, of measures that have cutoffs. */
  private static final List<Integer> DEFAULT_CUTOFFS =
      List.of(5, 10, 15, 20, 30, 100, 200, 500, 1000);

  public TrecEvalOptions {
    measures = List.copyOf(measures);
    if (measures.isEmpty()) {
      throw new OptionException("-m: expected at least one measure, such as ndcg_cut.10");
    }
    if (depth < 1) {
      throw OptionException.of("-M: expected at least 1, got %d", depth);
    }
    measures.forEach(TrecEvalOptions::check);
  }

  /** One value to compute: a measure, with a cutoff where it has them. */
  record Value(Measure measure, int cutoff, String name) {}

  /** What is to be computed, in trec_eval's order, each once. */
  List<Value> values() {
    List<Value> values = new ArrayList<>();
    for (Measure measure : Measure.values()) {
      TreeSet<Integer> cutoffs = new TreeSet<>();
      boolean asked = false;
      for (String text : measures) {
        if (measure.trecName().equals(name(text))) {
          asked = true;
          cutoffs.addAll(cutoffs(text));
        }
      }
      if (!asked) {
        continue;
      }
      if (!measure.hasCutoffs()) {
        values.add(new Value(measure, 0, measure.trecName()));
        continue;
      }
      if (cutoffs.isEmpty()) {
        cutoffs.addAll(DEFAULT_CUTOFFS);
      }
      for (int cutoff : cutoffs) {
        values.add(new Value(measure, cutoff, measure.trecName() + "_" + cutoff));
      }
    }
    return values;
  }

  private static void check(String text) {
    Measure measure =
        Measure.byName(name(text))
            .orElseThrow(
                () ->
                    OptionException.of(
                        "-m: unknown measure \"%s\"; known: %s",
                        name(text),
                        Arrays.stream(Measure.values())
                            .map(Measure::trecName)
                            .collect(Collectors.joining(", "))));
    if (!cutoffs(text).isEmpty() && !measure.hasCutoffs()) {
      throw OptionException.of("-m: %s has no cutoffs, got \"%s\"", name(text), text);
    }
  }

  private static String name(String text) {
    int point = text.indexOf('.');
    return point < 0 ? text : text.substring(0, point);
  }

  private static List<Integer> cutoffs(String text) {
    int point = text.indexOf('.');
    List<Integer> cutoffs = new ArrayList<>();
    if (point >= 0) {
      for (String cutoff : text.substring(point + 1).split(",", -1)) {
        if (!cutoff.matches("0*[1-9]\\d{0,8}")) {
          throw OptionException.of("-m: expected ranks after the point, got \"%s\"", text);
        }
        cutoffs.add(Integer.parseInt(cutoff));
      }
    }
    return cutoffs;
  }
}
