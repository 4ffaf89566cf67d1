package dev.rankspark.score;

/** The program that scores. */
class CrossEncoderBatchTest extends PlannedModelTest {
  @Override
  PlannedModel open() {
    return PlannedModel.of(ReferenceModel.adapted(LONGEST).crossEncoder());
  }
}
