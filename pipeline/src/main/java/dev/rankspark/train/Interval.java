package dev.rankspark.train;

import dev.rankspark.OptionException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * How often something is done, as the Trainer says it by a strategy and a number of steps.
 *
 * @param steps from one to the next, by {@link Strategy#STEPS}; below 1, a part of all steps,
 *     rounded up
 */
public record Interval(Strategy strategy, double steps) implements Serializable {

  /** {@code IntervalStrategy} of transformers. */
  public enum Strategy {
    /** Every so many steps. */
    STEPS,
    /** After an epoch's last step, and after the training's. */
    EPOCH,
    /** Never. */
    NO;

    /**
     * By the Trainer's word for it.
     *
     * @throws OptionException naming the option, if it is none
     */
    public static Strategy of(String option, String word) {
      return Arrays.stream(values())
          .filter(strategy -> strategy.word().equals(word))
          .findFirst()
          .orElseThrow(
              () ->
                  OptionException.of(
                      "%s: expected %s, got \"%s\"",
                      option,
                      Arrays.stream(values()).map(Strategy::word).collect(Collectors.joining(", ")),
                      word));
    }

    private String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * By the values of two options.
   *
   * @param stepsOption the option that says how many, which counts by {@link Strategy#STEPS} alone
   * @throws OptionException if that is neither a whole number from 1 on nor between 0 and 1
   */
  public static Interval of(Strategy strategy, String stepsOption, double steps) {
    if (strategy == Strategy.STEPS && (!(steps > 0) || (steps >= 1 && steps != (int) steps))) {
      throw OptionException.of(
          "%s: expected a whole number from 1 on, or a part of all steps between 0 and 1, got %s",
          stepsOption, steps);
    }
    return new Interval(strategy, steps);
  }

  /**
   * Whether it is done after this step.
   *
   * @param step from 1
   */
  boolean isDue(int step, TrainingPlan plan) {
    return switch (strategy) {
      case STEPS -> step % (steps < 1 ? (int) Math.ceil(steps * plan.steps()) : (int) steps) == 0;
      case EPOCH -> plan.endsEpoch(step);
      case NO -> false;
    };
  }
}
