package dev.rankspark.score;

import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.model.CrossEncoder;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import dev.rankspark.model.LlamaConfig;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;

/** The program that scores. */
class CrossEncoderBatchTest extends PlannedModelTest {
  @Override
  PlannedModel open() {
    Path reference = Path.of(System.getProperty("rankspark.home"), "reference");
    RerankerCheckpoint checkpoint =
        RerankerCheckpoint.open(
            reference.resolve("base").toString(),
            Optional.of(reference.resolve("adapter").toString()),
            Optional.empty(),
            new Configuration());
    LlamaConfig config = LlamaConfig.parse(checkpoint.config(), "config.json", LONGEST);
    Hardware hardware = Hardware.detect("cpu", Dtype.FLOAT32);
    return PlannedModel.of(
        CrossEncoder.load(
            checkpoint.bind(config.weightShapes()),
            config,
            hardware,
            hardware.device(Optional.empty()),
            LONGEST,
            /* threads= */ 2));
  }
}
