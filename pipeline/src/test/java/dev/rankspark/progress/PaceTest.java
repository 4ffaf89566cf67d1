package dev.rankspark.progress;

import static org.assertj.core.api.Assertions.assertThat;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class PaceTest {
  private final Pace pace = new Pace();

  @Test
  void thereIsNoneBeforeAnythingIsDone() {
    pace.at(0, 0);
    pace.at(30, 0);
    assertThat(pace.perSecond()).isEmpty();
    assertThat(pace.secondsLeft(100)).isEmpty();
  }

  @Test
  void theFirstBatchOfASlowModelHasOne() {
    pace.at(0, 0);
    pace.at(60, 0); // the model is there
    pace.at(260, 10);
    assertThat(pace.perSecond()).hasValue(0.05);
    assertThat(pace.secondsLeft(100)).hasValue(1_800);
  }

  @Test
  void whatWasLongAgoCountsNoMore() {
    for (int second = 0; second <= 300; second++) {
      pace.at(second, second);
    }
    for (int second = 301; second <= 600; second++) {
      pace.at(second, 300 + 10L * (second - 300));
    }
    assertThat(pace.perSecond().orElseThrow()).isCloseTo(10, Offset.offset(0.01));
  }

  @Test
  void aTaskThatFailedTakesItsPairsBackAndIsNoPace() {
    pace.at(0, 0);
    pace.at(10, 100);
    pace.at(20, 200);
    pace.at(21, 150);
    assertThat(pace.perSecond()).hasValue(10);
    assertThat(pace.secondsLeft(250)).hasValue(10);
    pace.at(30, 250);
    assertThat(pace.perSecond().orElseThrow()).isCloseTo(10, Offset.offset(0.01));
    assertThat(pace.secondsLeft(250)).hasValue(0);
  }
}
