package dev.rankspark.score;

import dev.rankspark.corpus.ReferenceScores.Pair;
import dev.rankspark.model.Dtype;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * What {@link Verify} found.
 *
 * @param summary lines for people: how far ours and the reference are apart, what of the order
 *     changes, and how far apart the dtype is expected to bring them
 * @param isWithin whether ours are as close as they are to be
 * @param verdict one line: how close they are; or which are not, and what to look at
 * @param notes what is to be known beside it, one line each
 */
public record VerifyReport(String summary, boolean isWithin, String verdict, List<String> notes) {
  /** What float32 may differ, of a score or of 1: sums in another order move it by so much. */
  static final double FLOAT32 = 1e-4;

  /**
   * How much further from the reference the mean may be than our dtype is from float32: two
   * implementations round at other places, and none is to round much more.
   */
  static final double FACTOR = 1.1;

  /**
   * What was compared.
   *
   * @param file the reference
   * @param column where its scores stand
   * @param unscored pairs of the rerank input that the reference does not have
   * @param model for people
   * @param hardware what ours were computed on and in
   * @param dtype of ours
   * @param cut texts that were
   * @param maxLength at so many tokens
   */
  record Setting(
      String file,
      String column,
      long unscored,
      String model,
      String hardware,
      Dtype dtype,
      long cut,
      int maxLength) {}

  public VerifyReport {
    notes = List.copyOf(notes);
  }

  /**
   * Compares.
   *
   * @param pairs with the reference's scores, at least one
   * @param ours one score a pair
   * @param float32 likewise, where ours are in another dtype
   */
  static VerifyReport of(
      Setting setting,
      List<Pair> pairs,
      double[] ours,
      Optional<double[]> float32,
      OptionalDouble tolerance,
      List<String> notes) {
    List<String> all = new ArrayList<>(notes);
    if (setting.unscored() > 0) {
      all.add(
          String.format(
              Locale.ROOT,
              "%,d pairs of the rerank input have no score in %s and were not compared",
              setting.unscored(),
              setting.file()));
    }
    Comparison comparison = new Comparison(setting, pairs, ours, tolerance);
    return float32.isPresent() ? comparison.byMean(float32.get(), all) : comparison.byEach(all);
  }

  /** Numbers and words. */
  private static final class Comparison {
    /** Smaller numbers have an exponent. */
    private static final double LEAST_PLAIN = 0.01;

    private final Setting setting;
    private final List<Pair> pairs;
    private final double[] ours;
    private final double[] reference;
    private final OptionalDouble tolerance;
    private final ScoreDistance distance;
    private final OrderChanges order;

    Comparison(Setting setting, List<Pair> pairs, double[] ours, OptionalDouble tolerance) {
      this.setting = setting;
      this.pairs = pairs;
      this.ours = ours;
      this.reference = pairs.stream().mapToDouble(Pair::score).toArray();
      this.tolerance = tolerance;
      this.distance = ScoreDistance.of(reference, ours);
      this.order = OrderChanges.of(pairs, reference, ours);
    }

    /** In float32: each of the scores. */
    VerifyReport byEach(List<String> notes) {
      double most = tolerance.orElse(FLOAT32);
      String limit = String.format(Locale.ROOT, "%s * max(1, |score|)", number(most));
      double[] relative =
          IntStream.range(0, ours.length)
              .mapToDouble(
                  i -> Math.abs(ours[i] - reference[i]) / Math.max(1, Math.abs(reference[i])))
              .toArray();
      int worst =
          IntStream.range(0, relative.length)
              .reduce((a, b) -> relative[b] > relative[a] ? b : a)
              .orElseThrow();
      long beyond = Arrays.stream(relative).filter(difference -> difference > most).count();
      String summary =
          lines(
              header(),
              apart("the reference and ours", distance, reference, ours),
              order(),
              "float32 may differ by " + limit);
      if (beyond == 0) {
        String verdict =
            String.format(
                Locale.ROOT,
                "within: no difference is beyond %s, the largest is %s of max(1, |score|)",
                limit,
                number(relative[worst]));
        return new VerifyReport(summary, true, verdict, notes);
      }
      String verdict =
          String.format(
              Locale.ROOT,
              "%s: %s: expected a score within %s of the reference's %s, got %s; %,d of %,d pairs"
                  + " are beyond; %s",
              pairs.get(worst).where(),
              pairs.get(worst),
              limit,
              score(reference[worst]),
              score(ours[worst]),
              beyond,
              pairs.size(),
              advice());
      return new VerifyReport(summary, false, verdict, notes);
    }

    /** In another dtype: the mean, beside what the dtype costs by itself. */
    VerifyReport byMean(double[] exact, List<String> notes) {
      String dtype = setting.dtype().toString();
      ScoreDistance own = ScoreDistance.of(exact, ours);
      double most = tolerance.orElse(Math.max(FACTOR * own.mean(), FLOAT32));
      String limit =
          tolerance.isPresent()
              ? number(most)
              : String.format(
                  Locale.ROOT,
                  "%s (%s times the mean difference of %s from float32, at least %s)",
                  number(most),
                  FACTOR,
                  dtype,
                  number(FLOAT32));
      String summary =
          lines(
              header(),
              apart("the reference and ours", distance, reference, ours),
              order(),
              apart("ours in float32 and in " + dtype, own, exact, ours),
              apart(
                  "the reference and ours in float32",
                  ScoreDistance.of(reference, exact),
                  reference,
                  exact));
      if (distance.mean() <= most) {
        String verdict =
            String.format(
                Locale.ROOT,
                "within: the mean difference is %s, at most %s",
                number(distance.mean()),
                limit);
        return new VerifyReport(summary, true, verdict, notes);
      }
      String verdict =
          String.format(
              Locale.ROOT,
              "%s: expected a mean difference of at most %s, got %s; %s",
              setting.file(),
              limit,
              number(distance.mean()),
              advice());
      return new VerifyReport(summary, false, verdict, notes);
    }

    private static String lines(String... lines) {
      return String.join(System.lineSeparator(), lines);
    }

    private String header() {
      return String.format(
          Locale.ROOT,
          "%,d pairs of %,d queries by %s on %s, beside \"%s\" of %s; %,d cut at %,d tokens",
          pairs.size(),
          order.queries(),
          setting.model(),
          setting.hardware(),
          setting.column(),
          setting.file(),
          setting.cut(),
          setting.maxLength());
    }

    private String apart(String what, ScoreDistance apart, double[] from, double[] to) {
      return String.format(
          Locale.ROOT,
          "%s: largest difference %s (%s: %s and %s), mean %s",
          what,
          number(apart.largest()),
          pairs.get(apart.at()),
          score(from[apart.at()]),
          score(to[apart.at()]),
          number(apart.mean()));
    }

    private String order() {
      String top = "order of the first " + OrderChanges.DEPTH + ": ";
      return order.changed() == 0
          ? String.format(Locale.ROOT, "%sthe same in all %,d queries", top, order.queries())
          : String.format(
              Locale.ROOT,
              "%sanother in %,d of %,d queries, the first is %s; another document at %,d positions",
              top,
              order.changed(),
              order.queries(),
              order.first().orElseThrow(),
              order.positions());
    }

    private String advice() {
      boolean isReferencePublished = areOfUnit(reference);
      if (isReferencePublished != areOfUnit(ours)) {
        return "the "
            + (isReferencePublished ? "reference's" : "model's")
            + " scores are between 0 and 1, the others are not: compare with --score "
            + (isReferencePublished ? "published" : "raw");
      }
      return "what decides them is the prompt (--prompt, --instruction, the prefixes), the cut"
          + " (--rerank-max-len, --append-eos-token), the model's files and the reference's dtype";
    }

    private static boolean areOfUnit(double[] scores) {
      return Arrays.stream(scores).allMatch(score -> score >= 0 && score <= 1);
    }

    private static String number(double value) {
      if (value == 0) {
        return "0";
      }
      return value < LEAST_PLAIN
          ? String.format(Locale.ROOT, "%.1e", value).replace(".0e", "e").replace("e-0", "e-")
          : String.format(Locale.ROOT, "%.3g", value);
    }

    private static String score(double value) {
      return Float.toString((float) value);
    }
  }
}
