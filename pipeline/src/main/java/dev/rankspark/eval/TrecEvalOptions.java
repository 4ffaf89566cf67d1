package dev.rankspark.eval;

import dev.rankspark.OptionException;
import dev.rankspark.eval.Measure.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * trec_eval's options.
 *
 * @param measures {@code -m}: names, with parameters after a point, such as {@code ndcg_cut.10,20},
 *     or {@code official} for the usual set, which is also what an empty list stands for. Of a
 *     measure that is named with parameters twice the first ones count.
 * @param complete {@code -c}: average over all judged queries; those without results count as 0
 * @param perQuery {@code -q}: print each query as well
 * @param summary no {@code -n}: print the numbers of the run
 * @param relevanceLevel {@code -l}: the lowest grade that counts as relevant
 * @param depth {@code -M}: the most documents of a query that count
 */
public record TrecEvalOptions(
    List<String> measures,
    boolean complete,
    boolean perQuery,
    boolean summary,
    int relevanceLevel,
    int depth) {

  private static final String OFFICIAL = "official";

  /** {@code off_names} in {@code measures.c}. */
  private static final Set<Measure> OFFICIAL_MEASURES = EnumSet.range(Measure.RUNID, Measure.P);

  public TrecEvalOptions {
    measures = measures.isEmpty() ? List.of(OFFICIAL) : List.copyOf(measures);
    if (depth < 0) {
      throw OptionException.of("-M: expected at least 0, got %d", depth);
    }
    values(measures);
  }

  /** {@code measure[.parameters]} ({@code mark_measure} in {@code trec_eval.c}). */
  private record Wish(String name, Optional<String> parameters) {
    static Wish parse(String text) {
      int point = text.indexOf('.');
      if (point < 0) {
        return new Wish(text, Optional.empty());
      }
      if (point == text.length() - 1) {
        throw OptionException.of("-m %s: expected parameters after the point", text);
      }
      return new Wish(text.substring(0, point), Optional.of(text.substring(point + 1)));
    }

    Set<Measure> measures() {
      return name.equals(OFFICIAL)
          ? OFFICIAL_MEASURES
          : EnumSet.of(
              Measure.byName(name)
                  .orElseThrow(
                      () ->
                          OptionException.of(
                              "-m: unknown measure \"%s\"; known: %s, %s",
                              name,
                              Arrays.stream(Measure.values())
                                  .map(Measure::trecName)
                                  .collect(Collectors.joining(", ")),
                              OFFICIAL)));
    }
  }

  /** What is to be computed, in trec_eval's order. */
  List<Value> values() {
    return values(measures);
  }

  private static List<Value> values(List<String> measures) {
    List<Wish> wishes = measures.stream().map(Wish::parse).toList();
    Set<Measure> wanted = EnumSet.noneOf(Measure.class);
    wishes.forEach(wish -> wanted.addAll(wish.measures()));
    List<Value> values = new ArrayList<>();
    for (Measure measure : wanted) {
      Optional<String> parameters =
          wishes.stream()
              .filter(wish -> wish.name().equals(measure.trecName()))
              .flatMap(wish -> wish.parameters().stream())
              .findFirst();
      values.addAll(measure.values(parameters));
    }
    return values;
  }
}
