package dev.rankspark.score;

import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.model.Architecture;
import dev.rankspark.model.CrossEncoder;
import dev.rankspark.model.DecoderConfig;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import dev.rankspark.progress.ByteCount;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;

/**
 * A model of the reference's, to be computed in float32 on this CPU.
 *
 * @param longest the longest text in tokens
 */
record ReferenceModel(
    RerankerCheckpoint checkpoint, DecoderConfig config, Hardware hardware, int longest) {
  static final int THREADS = 2;

  /** The base with its adapter. */
  static ReferenceModel adapted(int longest) {
    return of("base", Optional.of(path("adapter")), longest);
  }

  /** A model without an adapter, such as {@code mistral}. */
  static ReferenceModel of(String name, int longest) {
    return of(name, Optional.empty(), longest);
  }

  private static ReferenceModel of(String name, Optional<String> adapter, int longest) {
    RerankerCheckpoint checkpoint =
        RerankerCheckpoint.open(path(name), adapter, Optional.empty(), new Configuration());
    return new ReferenceModel(
        checkpoint,
        DecoderConfig.parse(checkpoint.config(), "config.json", longest),
        Hardware.detect("cpu", Dtype.FLOAT32),
        longest);
  }

  private static String path(String name) {
    return Path.of(System.getProperty("rankspark.home"), "reference", name).toString();
  }

  /** The program that scores. */
  CrossEncoder crossEncoder() {
    return CrossEncoder.load(
        checkpoint.bind(Architecture.of(config).weightShapes()),
        config,
        hardware,
        hardware.device(Optional.empty()),
        longest,
        THREADS,
        ByteCount.NONE);
  }
}
