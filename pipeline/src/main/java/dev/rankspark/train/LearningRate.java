package dev.rankspark.train;

import dev.rankspark.OptionException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The learning rate of each optimizer step, by the schedules of {@code get_scheduler} in
 * transformers 4.49 ({@code optimization.py}). Equal to the last bit, but for the cosine: Java's
 * and the C library's differ in 5 of 6,780 rates, by 1e-16 of the peak.
 *
 * @param peak {@code --learning-rate}: the rate after the warm-up
 * @param schedule {@code --lr-scheduler-type}
 * @param warmupSteps steps in which the rate rises from 0; {@link Schedule#CONSTANT} has none
 * @param steps of the whole training
 */
public record LearningRate(double peak, Schedule schedule, int warmupSteps, int steps)
    implements Serializable {
  /** A float32 even where AdamW has divided it by 1 - beta1. */
  private static final double HIGHEST = 1e30;

  /** What happens to the rate after the warm-up. */
  public enum Schedule {
    /** Falls to 0 in a straight line. */
    LINEAR,
    /** Falls to 0 along half a wave. */
    COSINE,
    /** Stays, without a warm-up even if one was asked for. */
    CONSTANT,
    /** Stays. */
    CONSTANT_WITH_WARMUP;

    /** By the Trainer's word for it. */
    public static Schedule of(String name) {
      return Arrays.stream(values())
          .filter(schedule -> schedule.word().equals(name))
          .findFirst()
          .orElseThrow(
              () ->
                  OptionException.of(
                      "--lr-scheduler-type: expected one of %s, got \"%s\"",
                      Arrays.stream(values()).map(Schedule::word).collect(Collectors.joining(", ")),
                      name));
    }

    /** The Trainer's word for it. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public LearningRate {
    if (!(peak >= 0 && peak <= HIGHEST)) {
      throw OptionException.of("--learning-rate: expected 0 to %s, got %s", HIGHEST, peak);
    }
    if (warmupSteps < 0) {
      throw OptionException.of("--warmup-steps: expected 0 or more, got %d", warmupSteps);
    }
  }

  /**
   * How many steps the warm-up has: {@code --warmup-steps} unless that is 0, else {@code
   * --warmup-ratio} of all steps, rounded up.
   */
  static int warmupSteps(int warmupSteps, double warmupRatio, int steps) {
    if (!(warmupRatio >= 0 && warmupRatio <= 1)) {
      throw OptionException.of("--warmup-ratio: expected 0 to 1, got %s", warmupRatio);
    }
    return warmupSteps != 0 ? warmupSteps : (int) Math.ceil(steps * warmupRatio);
  }

  /**
   * The rate that a step uses.
   *
   * @param step from 1
   */
  double at(int step) {
    return peak * factor(step - 1);
  }

  /** The rate after a step, which is what the Trainer logs for it. */
  double after(int step) {
    return peak * factor(step);
  }

  private double factor(int done) {
    if (schedule == Schedule.CONSTANT) {
      return 1;
    }
    if (done < warmupSteps) {
      return (double) done / warmupSteps;
    }
    double decay = Math.max(1, steps - warmupSteps);
    return switch (schedule) {
      case LINEAR -> Math.max(0, (steps - done) / decay);
      case COSINE -> Math.max(0, 0.5 * (1 + Math.cos(Math.PI * ((done - warmupSteps) / decay))));
      case CONSTANT, CONSTANT_WITH_WARMUP -> 1;
    };
  }
}
