package dev.rankspark.reranker;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What becomes of a raw score. */
class ActivationTest {
  @ParameterizedTest
  @CsvSource({
    "IDENTITY, -3.25, -3.25",
    "IDENTITY, 1e30, 1e30",
    "SIGMOID, 0, 0.5",
    "SIGMOID, 2, 0.880797077977882",
    "SIGMOID, -2, 0.119202922022118",
    "SIGMOID, 200, 1",
    "SIGMOID, -200, 0",
    "SIGMOID_OF_FIFTH, 10, 0.880797077977882",
    "SIGMOID_OF_FIFTH, -10, 0.119202922022118",
    "SIGMOID_OF_FIFTH, -1e30, 0"
  })
  void isThePublishers(Activation activation, float raw, double published) {
    assertThat(activation.of(raw)).isEqualTo((float) published);
  }

  @Test
  void noneChangesAnOrderOrHidesWhatIsNoNumber() {
    for (Activation activation : Activation.values()) {
      assertThat(activation.of(Float.NaN)).isNaN();
      for (float raw = -20; raw < 20; raw += 0.25f) {
        assertThat(activation.of(raw)).isLessThanOrEqualTo(activation.of(raw + 0.25f));
      }
    }
  }
}
