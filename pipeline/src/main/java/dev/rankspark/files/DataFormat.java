package dev.rankspark.files;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;

/** What a file holds, told by its name without the ending of its compression. */
public enum DataFormat {
  JSON_LINES(".jsonl", ".json"),
  TAB_SEPARATED(".tsv", ".txt"),
  PARQUET(".parquet", ".pq");

  private final String ending;
  private final String otherEnding;

  DataFormat(String ending, String otherEnding) {
    this.ending = ending;
    this.otherEnding = otherEnding;
  }

  /** The format of one file, if its name tells one. */
  static Optional<DataFormat> of(Path file, Configuration settings) {
    String name = file.getName().toLowerCase(Locale.ROOT);
    CompressionCodec codec = Compression.of(file, Compression.with(settings)).orElse(null);
    String plain =
        codec == null
            ? name
            : CompressionCodecFactory.removeSuffix(name, codec.getDefaultExtension());
    return Arrays.stream(values())
        .filter(format -> plain.endsWith(format.ending) || plain.endsWith(format.otherEnding))
        .findFirst();
  }
}
