package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.progress.ByteCount;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("older-cpu")
class WeightLoaderTest {
  private static final Path REFERENCE = Path.of(System.getProperty("rankspark.home"), "reference");

  /** Sizes that leave a rest of rows; a weight of the model has 32 to 96 elements a row. */
  @ParameterizedTest
  @CsvSource({"1", "100", "1000"})
  void aWeightMadeSomeRowsAtATimeIsTheWeightMadeAtOnce(long chunk) {
    List<long[]> texts = List.of(new long[] {1, 5, 9, 30, 7}, new long[] {1, 8, 8, 12});
    assertThat(score(chunk, texts))
        .containsExactly(score(WeightLoader.CHUNK, texts), Offset.offset(1e-5f));
  }

  private static float[] score(long chunk, List<long[]> texts) {
    RerankerCheckpoint checkpoint =
        RerankerCheckpoint.open(
            REFERENCE.resolve("base").toString(),
            Optional.of(REFERENCE.resolve("adapter").toString()),
            Optional.empty(),
            new Configuration());
    DecoderConfig config = DecoderConfig.parse(checkpoint.config(), "config.json", 196);
    Hardware hardware = Hardware.detect("cpu", Dtype.FLOAT32);
    try (CrossEncoder encoder =
        CrossEncoder.load(
            checkpoint.bind(Architecture.of(config).weightShapes()),
            config,
            hardware,
            hardware.device(Optional.empty()),
            /* longest= */ 196,
            /* threads= */ 2,
            chunk,
            ByteCount.NONE)) {
      return encoder.score(Packed.of(texts), 2);
    }
  }
}
