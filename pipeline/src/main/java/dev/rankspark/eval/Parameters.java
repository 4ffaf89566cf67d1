package dev.rankspark.eval;

import dev.rankspark.OptionException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleBiFunction;
import java.util.function.ToDoubleFunction;

/**
 * What a measure makes of the text after the point of {@code -m measure.parameters}: the values it
 * computes, with the names that trec_eval prints ({@code meas_init.c}). Numbers are read as C reads
 * them: {@code P.5x} is {@code P.5}.
 */
@FunctionalInterface
interface Parameters {
  /** Larger numbers overflow in trec_eval. */
  double LARGEST = 1e9;

  /** One number of a query, by the name that trec_eval prints. */
  record Named(String name, ToDoubleFunction<JudgedRanking> ofQuery) {}

  /**
   * @param measure trec_eval's name of it
   * @param text what {@code -m} says; empty for the defaults
   * @throws OptionException for what trec_eval refuses, and for numbers at which it overflows
   */
  List<Named> values(String measure, Optional<String> text);

  /** A single value. trec_eval takes parameters for it, and ignores them. */
  static Parameters none(ToDoubleFunction<JudgedRanking> ofQuery) {
    return (measure, text) -> List.of(new Named(measure, ofQuery));
  }

  /** A value for each of the ranks, ascending: {@code P_5}. */
  static Parameters ranks(String defaults, ToDoubleBiFunction<JudgedRanking, Integer> ofQuery) {
    return (measure, text) -> {
      List<Named> values = new ArrayList<>();
      long before = 0;
      for (long rank :
          split(text.orElse(defaults)).stream().map(CNumbers::atol).sorted().toList()) {
        if (rank < 1) {
          throw bad(measure, text, "expected ranks from 1 on, such as 5,10");
        }
        if (rank > LARGEST) {
          throw bad(measure, text, "expected ranks up to 1000000000");
        }
        if (rank == before) {
          throw bad(measure, text, "rank " + rank + " is there twice");
        }
        before = rank;
        int cutoff = (int) rank;
        values.add(
            new Named(measure + "_" + rank, ranking -> ofQuery.applyAsDouble(ranking, cutoff)));
      }
      return values;
    };
  }

  /** A value for each of the fractions, ascending: {@code iprec_at_recall_0.10}. */
  static Parameters fractions(String defaults, ToDoubleBiFunction<JudgedRanking, Double> ofQuery) {
    return (measure, text) -> {
      List<Named> values = new ArrayList<>();
      double before = Double.NaN;
      for (double fraction :
          split(text.orElse(defaults)).stream()
              .map(number -> number(measure, text, number))
              .sorted()
              .toList()) {
        if (fraction == before) {
          throw bad(measure, text, CNumbers.fixed(fraction, 2) + " is there twice");
        }
        before = fraction;
        String shown = CNumbers.fixed(fraction, 2);
        values.add(
            new Named(
                // append_float has room for eight characters
                measure + "_" + shown.substring(0, Math.min(8, shown.length())),
                ranking -> ofQuery.applyAsDouble(ranking, fraction)));
      }
      return values;
    };
  }

  /** One value with a weight, which its name repeats as it was written: {@code set_F_0.5}. */
  static Parameters weight(double standard, ToDoubleBiFunction<JudgedRanking, Double> ofQuery) {
    return (measure, text) -> {
      // Of several numbers, trec_eval takes the first and prints all.
      double weight =
          text.map(given -> number(measure, text, split(given).get(0))).orElse(standard);
      return List.of(
          new Named(named(measure, text), ranking -> ofQuery.applyAsDouble(ranking, weight)));
    };
  }

  /** One value with gains for some grades, {@code grade=gain}: {@code ndcg_1=3.5,2=9}. */
  static Parameters gains(ToDoubleBiFunction<JudgedRanking, List<Gains.Given>> ofQuery) {
    return (measure, text) -> {
      List<Gains.Given> given = new ArrayList<>();
      for (String pair : text.map(Parameters::split).orElse(List.of())) {
        int equals = pair.indexOf('=');
        if (equals < 0 || equals != pair.lastIndexOf('=')) {
          throw bad(measure, text, "expected grade=gain, such as 1=3.5,2=9");
        }
        given.add(
            new Gains.Given(
                CNumbers.atol(pair.substring(0, equals)),
                number(measure, text, pair.substring(equals + 1))));
      }
      return List.of(
          new Named(named(measure, text), ranking -> ofQuery.applyAsDouble(ranking, given)));
    };
  }

  private static List<String> split(String text) {
    return List.of(text.split(",", -1));
  }

  private static String named(String measure, Optional<String> text) {
    return measure + text.map(given -> "_" + given).orElse("");
  }

  private static double number(String measure, Optional<String> text, String number) {
    double value = CNumbers.atof(number);
    if (!(Math.abs(value) <= LARGEST)) {
      throw bad(measure, text, "expected numbers up to 1e9, got \"" + number + "\"");
    }
    return value;
  }

  private static OptionException bad(String measure, Optional<String> text, String reason) {
    return OptionException.of("-m %s.%s: %s", measure, text.orElse(""), reason);
  }
}
