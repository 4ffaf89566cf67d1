package dev.rankspark.merge;

import dev.rankspark.checkpoint.StorageType;
import dev.rankspark.files.FileSum;
import java.util.Locale;
import java.util.Map;

/**
 * What {@link Merge} wrote.
 *
 * @param weights tensors of the model
 * @param adapted how many of them the adapter changed, its head aside
 * @param files by name
 */
public record MergeReport(
    String output, StorageType dtype, int weights, int adapted, Map<String, FileSum> files) {
  public MergeReport {
    files = Map.copyOf(files);
  }

  /** One line for people. */
  public String summary() {
    long bytes = files.values().stream().mapToLong(FileSum::length).sum();
    return String.format(
        Locale.ROOT,
        "Wrote %s: %d weights in %s, %d of them adapted; %d files, %.1f MB",
        output,
        weights,
        dtype.torchName(),
        adapted,
        files.size(),
        bytes / 1e6);
  }
}
