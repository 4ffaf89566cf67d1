package dev.rankspark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.OptionException;
import dev.rankspark.train.LearningRate.Schedule;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Against transformers 4.49: {@code get_scheduler(name, torch.optim.SGD(.., lr=1e-4),
 * num_warmup_steps=3, num_training_steps=10)}, {@code get_last_lr()} before the first and after
 * each of ten steps.
 */
class LearningRateTest {
  @Test
  void linear() {
    assertThat(rates("linear"))
        .containsExactly(
            0.0,
            3.3333333333333335e-05,
            6.666666666666667e-05,
            0.0001,
            8.571428571428571e-05,
            7.142857142857143e-05,
            5.714285714285714e-05,
            4.2857142857142856e-05,
            2.857142857142857e-05,
            1.4285714285714285e-05,
            0.0);
  }

  @Test
  void cosine() {
    assertThat(rates("cosine"))
        .containsExactly(
            0.0,
            3.3333333333333335e-05,
            6.666666666666667e-05,
            0.0001,
            9.504844339512095e-05,
            8.117449009293668e-05,
            6.112604669781572e-05,
            3.887395330218429e-05,
            1.8825509907063327e-05,
            4.951556604879048e-06,
            0.0);
  }

  @Test
  void constantHasNoWarmup() {
    assertThat(rates("constant")).hasSize(11).containsOnly(0.0001);
  }

  @Test
  void constantWithWarmup() {
    assertThat(rates("constant_with_warmup"))
        .startsWith(0.0, 3.3333333333333335e-05, 6.666666666666667e-05, 0.0001)
        .endsWith(0.0001, 0.0001);
  }

  @Test
  void aStepUsesTheRateLoggedBeforeIt() {
    var rate = new LearningRate(1e-3, Schedule.LINEAR, 0, 8);
    assertThat(rate.at(1)).isEqualTo(0.001);
    assertThat(rate.after(1)).isEqualTo(0.000875).isEqualTo(rate.at(2));
    assertThat(rate.after(8)).isEqualTo(0);
  }

  @Test
  void aWarmupLongerThanTheTrainingIsCutOff() {
    var rate = new LearningRate(1, Schedule.COSINE, 4, 2);
    assertThat(rate.after(2)).isEqualTo(0.5);
  }

  @Test
  void warmupStepsGoBeforeTheRatio() {
    assertThat(LearningRate.warmupSteps(7, 0.5, 100)).isEqualTo(7);
    assertThat(LearningRate.warmupSteps(0, 0.1, 101)).isEqualTo(11);
    assertThat(LearningRate.warmupSteps(0, 0, 100)).isEqualTo(0);
    assertThat(LearningRate.warmupSteps(0, 0.07, 100)).isEqualTo(8); // 100 * 0.07 > 7
  }

  @Test
  void wrongOptions() {
    assertThatThrownBy(() -> Schedule.of("polynomial"))
        .isInstanceOf(OptionException.class)
        .hasMessage(
            "--lr-scheduler-type: expected one of linear, cosine, constant, constant_with_warmup,"
                + " got \"polynomial\"");
    assertThatThrownBy(() -> LearningRate.warmupSteps(0, 1.5, 100))
        .hasMessage("--warmup-ratio: expected 0 to 1, got 1.5");
    assertThatThrownBy(() -> new LearningRate(1e-4, Schedule.LINEAR, -1, 10))
        .hasMessage("--warmup-steps: expected 0 or more, got -1");
    assertThatThrownBy(() -> new LearningRate(Double.NaN, Schedule.LINEAR, 0, 10))
        .hasMessage("--learning-rate: expected 0 to 1.0E30, got NaN");
    assertThatThrownBy(() -> new LearningRate(1e38, Schedule.LINEAR, 0, 10))
        .hasMessage("--learning-rate: expected 0 to 1.0E30, got 1.0E38");
  }

  private static Double[] rates(String schedule) {
    var rate = new LearningRate(1e-4, Schedule.of(schedule), 3, 10);
    return IntStream.rangeClosed(0, 10).mapToObj(rate::after).toArray(Double[]::new);
  }
}
