package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A file of {@code qid\tdocid\tscore}, for comparing ours with the reference's. */
public record Scores(Map<String, Map<String, Double>> byQuery) {
  public static Scores read(Path file) {
    Map<String, Map<String, Double>> byQuery = new LinkedHashMap<>();
    try {
      for (String line : Files.readAllLines(file)) {
        String[] fields = line.split("\t");
        assertThat(fields).as("%s: %s", file, line).hasSize(3);
        byQuery
            .computeIfAbsent(fields[0], qid -> new LinkedHashMap<>())
            .put(fields[1], Double.parseDouble(fields[2]));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Scores(byQuery);
  }

  int size() {
    return byQuery.values().stream().mapToInt(Map::size).sum();
  }

  /**
   * The differences to another file's scores, which must be of the same pairs, in ascending order.
   */
  double[] differences(Scores other) {
    assertThat(size()).isEqualTo(other.size());
    List<Double> differences = new ArrayList<>();
    byQuery.forEach(
        (qid, scores) ->
            scores.forEach(
                (docid, score) -> {
                  Double theirs = other.byQuery.getOrDefault(qid, Map.of()).get(docid);
                  assertThat(theirs).as("query %s, docid %s", qid, docid).isNotNull();
                  differences.add(Math.abs(score - theirs));
                }));
    return differences.stream().mapToDouble(Double::doubleValue).sorted().toArray();
  }

  public double largestDifference(Scores other) {
    double[] differences = differences(other);
    return differences[differences.length - 1];
  }

  static double mean(double[] values) {
    return Arrays.stream(values).average().orElseThrow();
  }

  /**
   * @param ascending values in ascending order
   */
  static double percentile(double[] ascending, double fraction) {
    return ascending[(int) Math.min(ascending.length - 1, Math.floor(fraction * ascending.length))];
  }

  /**
   * Demands that we are at most so many times as far from exact scores as the reference's bfloat16
   * is, in the mean and at the 99th percentile.
   */
  void assertAsClose(String what, Scores exact, Scores bfloat16, double factor) {
    double[] theirs = bfloat16.differences(exact);
    double[] ours = differences(exact);
    System.out.printf(
        "%s: mean %.4f (the reference's bfloat16 %.4f), 99th percentile %.4f (%.4f)%n",
        what, mean(ours), mean(theirs), percentile(ours, 0.99), percentile(theirs, 0.99));
    assertThat(mean(ours)).as(what).isLessThanOrEqualTo(factor * mean(theirs));
    assertThat(percentile(ours, 0.99))
        .as(what)
        .isLessThanOrEqualTo(factor * percentile(theirs, 0.99));
  }

  /**
   * Demands the reference's order: queries in the same order, and no pair of neighbours in ours
   * that stands the other way round there with scores more than {@code tolerance} apart.
   */
  void assertOrderOf(Scores reference, double tolerance) {
    assertThat(size()).isEqualTo(reference.size());
    assertThat(byQuery.keySet()).containsExactlyElementsOf(reference.byQuery.keySet());
    byQuery.forEach(
        (qid, scores) -> {
          double lowest = Double.POSITIVE_INFINITY;
          for (String docid : scores.keySet()) {
            double theirs = reference.byQuery.get(qid).get(docid);
            assertThat(theirs)
                .as("query %s, docid %s stands below a lower one", qid, docid)
                .isLessThanOrEqualTo(lowest + tolerance);
            lowest = Math.min(lowest, theirs);
          }
        });
  }
}
