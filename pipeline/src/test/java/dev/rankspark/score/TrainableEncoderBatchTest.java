package dev.rankspark.score;

import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import dev.rankspark.model.LlamaConfig;
import dev.rankspark.model.TrainableEncoder;
import dev.rankspark.model.TrainedParameters;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;

/** The program that is trained, as an evaluation computes it: all of a whole reranker's weights. */
class TrainableEncoderBatchTest extends PlannedModelTest {
  @Override
  PlannedModel open() {
    Path directory = Path.of(System.getProperty("rankspark.home"), "reference", "mistral");
    RerankerCheckpoint checkpoint =
        RerankerCheckpoint.open(
            directory.toString(), Optional.empty(), Optional.empty(), new Configuration());
    LlamaConfig config = LlamaConfig.parse(checkpoint.config(), "config.json", LONGEST);
    Hardware hardware = Hardware.detect("cpu", Dtype.FLOAT32);
    TrainedParameters trained = TrainedParameters.full(config);
    TrainableEncoder encoder =
        TrainableEncoder.load(
            checkpoint.bindForTraining(config.weightShapes()),
            config,
            hardware,
            hardware.device(Optional.empty()),
            trained,
            new TrainableEncoder.Settings(/* scaling= */ 1, /* dropout= */ 0, false),
            LONGEST,
            /* threads= */ 2);
    encoder.setParameters(
        trained.head().from(),
        checkpoint.bind(config.weightShapes()).get("score.weight").stored().floats());
    PlannedModel model = PlannedModel.ofWholeTexts(encoder::score);
    return new PlannedModel() {
      @Override
      public float[] score(BatchPlan.Batch batch, List<long[]> texts, int threads) {
        return model.score(batch, texts, threads);
      }

      @Override
      public void close() {
        encoder.close();
      }
    };
  }
}
