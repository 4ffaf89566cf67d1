package dev.rankspark.score;

import dev.rankspark.model.Architecture;
import dev.rankspark.model.TrainableEncoder;
import dev.rankspark.model.TrainedParameters;
import dev.rankspark.progress.ByteCount;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;

/** The program that is trained, as an evaluation computes it: all of a whole reranker's weights. */
class TrainableEncoderBatchTest extends PlannedModelTest {
  private TrainableEncoder encoder;

  @Override
  PlannedModel open() {
    ReferenceModel model = ReferenceModel.of("mistral", LONGEST);
    TrainedParameters trained = TrainedParameters.full(model.config());
    encoder =
        TrainableEncoder.load(
            model.checkpoint().bindForTraining(Architecture.of(model.config()).weightShapes()),
            model.config(),
            model.hardware(),
            model.hardware().device(Optional.empty()),
            trained,
            new TrainableEncoder.Settings(/* scaling= */ 1, /* dropout= */ 0, false),
            LONGEST,
            ReferenceModel.THREADS,
            ByteCount.NONE);
    encoder.setParameters(
        trained.head().from(),
        model
            .checkpoint()
            .bind(Architecture.of(model.config()).weightShapes())
            .get("score.weight")
            .stored()
            .floats());
    return PlannedModel.ofWholeTexts(encoder::score);
  }

  @AfterEach
  void closeEncoder() {
    encoder.close();
  }
}
