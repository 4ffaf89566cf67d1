package dev.rankspark.store;

import java.time.LocalDate;
import java.util.List;
import java.util.OptionalInt;

/**
 * What a store has of one reranker.
 *
 * @param identity SHA-256 of all that its scores depend on
 * @param model its name at the hub or its directory, as the last commit has it
 * @param on dtype and device
 * @param scores those that two runs computed counted twice
 * @param files they are in
 * @param bytes of these
 * @param oldest when the oldest was computed, ISO 8601; "" without scores
 * @param newest likewise
 * @param commits that count, and all that are still there
 * @param plans of runs that have not ended
 */
public record StoreInfo(
    String identity,
    String model,
    String on,
    long scores,
    int files,
    long bytes,
    String oldest,
    String newest,
    String commits,
    int plans) {

  /** Looks; no file of scores is opened. */
  public static StoreInfo of(RerankerScores reranker) {
    List<Manifest> live = reranker.live();
    List<Manifest.ScoreFile> files =
        live.stream().flatMap(manifest -> manifest.files().stream()).toList();
    return new StoreInfo(
        reranker.identity(),
        live.isEmpty() ? "" : live.get(live.size() - 1).model(),
        value(reranker.text(), "dtype ") + " on " + value(reranker.text(), "device "),
        files.stream().mapToLong(Manifest.ScoreFile::rows).sum(),
        files.size(),
        files.stream().mapToLong(Manifest.ScoreFile::bytes).sum(),
        day(files.stream().mapToInt(Manifest.ScoreFile::oldest).min()),
        day(files.stream().mapToInt(Manifest.ScoreFile::newest).max()),
        live.size() + " of " + reranker.manifests().size(),
        reranker.openPlans().size());
  }

  private static String value(String text, String name) {
    return text.lines()
        .filter(line -> line.startsWith(name))
        .map(line -> line.substring(name.length()))
        .findFirst()
        .orElse("");
  }

  private static String day(OptionalInt day) {
    return day.isPresent() ? LocalDate.ofEpochDay(day.getAsInt()).toString() : "";
  }
}
