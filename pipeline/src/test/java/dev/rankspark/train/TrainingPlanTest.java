package dev.rankspark.train;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toList;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.OptionException;
import dev.rankspark.train.Interval.Strategy;
import dev.rankspark.train.TrainingPlan.Options;
import dev.rankspark.train.TrainingPlan.Place;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TrainingPlanTest {
  private static final long SEED = 20261125;

  /** An item's turn in an epoch. */
  private record Turn(int epoch, int item, Place place) {}

  /**
   * Against accelerate 1.15: {@code prepare_data_loader(DataLoader(d, batch_size=2,
   * sampler=RandomSampler(d)), num_processes=2, process_index=rank, put_on_device=False,
   * use_seedable_sampler=True)} of {@code d = list(range(11))} after {@code torch.manual_seed(42)}
   * and {@code set_epoch(e)}. There rank 1's last batches are {@code [4, 6]} and {@code [0, 3]},
   * with an item of the epoch's beginning.
   */
  @Test
  void batchesGoToTheWorkersAsAcceleratesDo() {
    var plan = new TrainingPlan(11, 2, options(2, 1, 2));
    assertThat(batches(plan, 0, 0)).containsExactly(List.of(6, 8), List.of(1, 10), List.of(3, 5));
    assertThat(batches(plan, 0, 1)).containsExactly(List.of(9, 2), List.of(0, 7), List.of(4));
    assertThat(batches(plan, 1, 0)).containsExactly(List.of(3, 9), List.of(8, 7), List.of(1, 5));
    assertThat(batches(plan, 1, 1)).containsExactly(List.of(4, 2), List.of(6, 10), List.of(0));
  }

  @Test
  void withoutShufflingItemsStayInOrder() {
    var plan = new TrainingPlan(5, 1, new Options(2, 1, 2, Options.BY_EPOCHS, 42, false));
    assertThat(batches(plan, 0, 0)).containsExactly(List.of(0, 1), List.of(2, 3), List.of(4));
    assertThat(batches(plan, 1, 0)).isEqualTo(batches(plan, 0, 0));
  }

  /** 11 items, 2 a batch: 6 batches, 2 a step; the last step has 3 groups. */
  @Test
  void theRestOfAnEpochIsAStepOfItsOwn() {
    var plan = new TrainingPlan(11, 1, options(2, 2, 2));
    assertThat(plan.steps()).isEqualTo(6);
    assertThat(plan.groupsOfStep(1)).isEqualTo(4);
    assertThat(plan.groupsOfStep(3)).isEqualTo(3);
    assertThat(plan.groupsOfStep(4)).isEqualTo(4);
    assertThat(plan.epochOfStep(3)).isEqualTo(0);
    assertThat(plan.epochOfStep(4)).isEqualTo(1);
  }

  /** 5 batches and 2 a step: the Trainer would stop after 4 steps, of which one is short. */
  @Test
  void stepsOfAnEpochAreRoundedUp() {
    assertThat(new TrainingPlan(10, 1, options(2, 2, 2)).steps()).isEqualTo(6);
  }

  /** {@code state.epoch}: {@code epoch + (step + 1) / steps_in_epoch} at each third batch of 7. */
  @Test
  void theEpochAfterAStepIsTheTrainers() {
    var plan = new TrainingPlan(14, 1, options(2, 3, 2));
    assertThat(List.of(plan.epochAfter(1), plan.epochAfter(2), plan.epochAfter(3)))
        .containsExactly(3 / 7.0, 6 / 7.0, 1.0);
    assertThat(plan.epochAfter(4)).isEqualTo(1 + 3 / 7.0);
    assertThat(plan.epochAfter(6)).isEqualTo(2.0);
  }

  @Test
  void aFractionOfAnEpochIsCutAfterItsLastStep() {
    var plan = new TrainingPlan(20, 1, options(2, 1, 1.25));
    assertThat(plan.steps()).isEqualTo(13); // 10 + 2.5
    assertThat(plan.epochs()).isEqualTo(2);
    assertThat(turns(plan)).filteredOn(turn -> turn.epoch() == 1).hasSize(6);
  }

  /** {@code DataLoader(drop_last=True)} under accelerate: 11 items are 2 batches of 2 workers. */
  @Test
  void whatFillsNoBatchOfEveryWorkerMayBeLeftOut() {
    var all = new TrainingPlan(11, 2, options(2, 1, 2));
    var dropping = new TrainingPlan(11, 2, dropLast(2, 1, 2));
    assertThat(dropping.steps()).isEqualTo(4);
    assertThat(dropping.epochAfter(1)).isEqualTo(0.5);
    for (int epoch = 0; epoch < 2; epoch++) {
      for (int rank = 0; rank < 2; rank++) {
        assertThat(batches(dropping, epoch, rank))
            .isEqualTo(batches(all, epoch, rank).subList(0, 2));
      }
    }
    // 5 batches, 2 a step: the last step has one.
    assertThat(new TrainingPlan(11, 1, dropLast(2, 2, 2)).steps()).isEqualTo(6);
    assertThat(new TrainingPlan(11, 1, dropLast(2, 2, 2)).groupsOfStep(3)).isEqualTo(2);
    assertRefused(
        () -> new TrainingPlan(3, 2, dropLast(2, 1, 2)),
        "--dataloader-drop-last: nothing is left of 3 items, as a batch of 2 on each of 2 workers"
            + " is larger");
  }

  /** {@code SeedableRandomSampler(data_seed=43)}: the orders of epochs 1 and 2 of seed 42. */
  @Test
  void theOrderMayHaveASeedOfItsOwn() {
    var plan =
        new TrainingPlan(11, 1, new Options(2, 1, 2, Options.BY_EPOCHS, 42, true, 43, false));
    var later = new TrainingPlan(11, 1, options(2, 1, 3));
    assertThat(plan.positions(0)).isEqualTo(later.positions(1));
    assertThat(plan.positions(1)).isEqualTo(later.positions(2));
    Place place = new Place(1, 0, 0, 0);
    assertThat(plan.dropoutSeed(place)).isEqualTo(later.dropoutSeed(place));
    assertRefused(
        () -> new Options(2, 1, 2, Options.BY_EPOCHS, 42, true, -1, false),
        "--data-seed: expected 0 to 4294967295, got -1");
  }

  @Test
  void intervals() {
    var plan = new TrainingPlan(10, 1, options(4, 1, 1.5)); // 3 steps an epoch, 5 in all
    assertThat(due(Interval.of(Strategy.STEPS, "--save-steps", 2), plan)).containsExactly(2, 4);
    assertThat(due(Interval.of(Strategy.STEPS, "--save-steps", 0.5), plan)).containsExactly(3);
    assertThat(due(Interval.of(Strategy.EPOCH, "--save-steps", 0), plan)).containsExactly(3, 5);
    assertThat(due(Interval.of(Strategy.NO, "--save-steps", 0), plan)).isEmpty();
    assertRefused(
        () -> Interval.of(Strategy.STEPS, "--save-steps", 1.5),
        "--save-steps: expected a whole number from 1 on, or a part of all steps between 0 and 1,"
            + " got 1.5");
  }

  private static List<Integer> due(Interval interval, TrainingPlan plan) {
    return IntStream.rangeClosed(1, plan.steps())
        .filter(step -> interval.isDue(step, plan))
        .boxed()
        .toList();
  }

  @Test
  void maxStepsGoBeforeEpochs() {
    var plan = new TrainingPlan(20, 1, new Options(2, 1, 3, 14, 42, true));
    assertThat(plan.steps()).isEqualTo(14);
    assertThat(turns(plan)).hasSize(28);
    assertThat(new TrainingPlan(20, 1, new Options(2, 1, 3, 10, 42, true)).epochs()).isEqualTo(1);
    assertThat(new TrainingPlan(20, 1, new Options(2, 1, 3, 0, 42, true)).steps()).isEqualTo(30);
  }

  @Test
  void aStepLargerThanTheTrainingSetHasAllOfIt() {
    var plan = new TrainingPlan(3, 4, options(2, 8, 2));
    assertThat(plan.steps()).isEqualTo(2);
    assertThat(plan.groupsOfStep(2)).isEqualTo(3);
    assertThat(plan.epochAfter(1)).isEqualTo(1);
    assertThat(turns(plan))
        .extracting(turn -> turn.place().rank())
        .contains(0, 1)
        .doesNotContain(2);
  }

  @Test
  void everyItemOfAnEpochHasOneTurn() {
    forRandomPlans(
        plan -> {
          int whole = plan.steps() / plan.stepsPerEpoch();
          List<Turn> turns = turns(plan).stream().filter(turn -> turn.epoch() < whole).toList();
          assertThat(turns).hasSize(whole * plan.items());
          assertThat(turns.stream().map(turn -> List.of(turn.epoch(), turn.item())))
              .doesNotHaveDuplicates();
        });
  }

  @Test
  void noPlaceIsTakenTwiceAndAllAreInRange() {
    forRandomPlans(
        plan -> {
          List<Place> places = turns(plan).stream().map(Turn::place).toList();
          assertThat(places)
              .doesNotHaveDuplicates()
              .allSatisfy(
                  place -> {
                    assertThat(place.step()).isBetween(1, plan.steps());
                    assertThat(place.rank()).isBetween(0, plan.workers() - 1);
                    assertThat(place.micro())
                        .isBetween(0, plan.options().gradientAccumulationSteps() - 1);
                    assertThat(place.slot())
                        .isBetween(0, plan.options().perDeviceTrainBatchSize() - 1);
                  });
        });
  }

  @Test
  void groupsOfStepCountsTheGroupsOfAllWorkers() {
    forRandomPlans(
        plan -> {
          Map<Integer, List<Turn>> byStep =
              turns(plan).stream().collect(groupingBy(turn -> turn.place().step()));
          assertThat(byStep).hasSize(plan.steps());
          byStep.forEach(
              (step, turns) -> {
                assertThat(turns).hasSize(plan.groupsOfStep(step));
                assertThat(turns).extracting(Turn::epoch).containsOnly(plan.epochOfStep(step));
              });
        });
  }

  @Test
  void moreWorkersAndLessAccumulationHaveTheSameGroupsInEachStep() {
    for (int items : new int[] {1, 7, 32, 45}) {
      var alone = stepGroups(new TrainingPlan(items, 1, options(2, 4, 2.5)));
      assertThat(stepGroups(new TrainingPlan(items, 2, options(2, 2, 2.5)))).isEqualTo(alone);
      assertThat(stepGroups(new TrainingPlan(items, 4, options(2, 1, 2.5)))).isEqualTo(alone);
    }
  }

  @Test
  void anEpochIsWholeAtItsLastStep() {
    forRandomPlans(
        plan -> {
          double before = 0;
          for (int step = 1; step <= plan.steps(); step++) {
            double after = plan.epochAfter(step);
            assertThat(after).isGreaterThan(before);
            assertThat(after == Math.rint(after)).isEqualTo(step % plan.stepsPerEpoch() == 0);
            before = after;
          }
        });
  }

  @Test
  void longTrainingsDoNotOverflow() {
    var options = new Options(64, 64, 1, Integer.MAX_VALUE, 42, true);
    var plan = new TrainingPlan(1, 64, options);
    long serial = plan.serial(plan.epochs() - 1, 0);
    assertThat(plan.place(serial)).isEqualTo(new Place(Integer.MAX_VALUE, 0, 0, 0));
    assertThat(plan.epoch(serial)).isEqualTo(Integer.MAX_VALUE - 1);
  }

  @Test
  void wrongOptions() {
    assertRefused(
        () -> options(0, 1, 1), "--per-device-train-batch-size: expected at least 1, got 0");
    assertRefused(
        () -> options(1, 0, 1), "--gradient-accumulation-steps: expected at least 1, got 0");
    assertRefused(() -> options(1, 1, 0), "--num-train-epochs: expected a number above 0, got 0.0");
    assertRefused(
        () -> new TrainingPlan(8, 0, options(1, 1, 1)), "--workers: expected at least 1, got 0");
    assertRefused(
        () -> new TrainingPlan(8, 2, options(1 << 20, 1 << 10, 1)),
        "--per-device-train-batch-size: expected at most 2147483647 groups a step, got 1048576 of 2"
            + " workers with --gradient-accumulation-steps 1024");
    assertRefused(
        () -> new TrainingPlan(8, 1, options(1, 1, 1e12)),
        "--num-train-epochs: expected at most 2147483647 steps, got 1.0E12 epochs of 8");
  }

  private static void assertRefused(Runnable options, String message) {
    assertThatThrownBy(options::run).isInstanceOf(OptionException.class).hasMessage(message);
  }

  private static Options options(int batch, int accumulation, double epochs) {
    return new Options(batch, accumulation, epochs, Options.BY_EPOCHS, 42, true);
  }

  private static Options dropLast(int batch, int accumulation, double epochs) {
    return new Options(batch, accumulation, epochs, Options.BY_EPOCHS, 42, true, 42, true);
  }

  private interface PlanCheck {
    void check(TrainingPlan plan);
  }

  private static void forRandomPlans(PlanCheck check) {
    Random random = new Random(SEED);
    for (int i = 0; i < 200; i++) {
      var options =
          new Options(
              1 + random.nextInt(4),
              1 + random.nextInt(4),
              0.25 * (1 + random.nextInt(12)),
              random.nextBoolean() ? Options.BY_EPOCHS : 1 + random.nextInt(20),
              random.nextInt(100),
              random.nextBoolean());
      var plan = new TrainingPlan(1 + random.nextInt(60), 1 + random.nextInt(5), options);
      try {
        check.check(plan);
      } catch (AssertionError e) {
        throw new AssertionError("plan " + i + " of seed " + SEED + ": " + plan, e);
      }
    }
  }

  private static List<Turn> turns(TrainingPlan plan) {
    List<Turn> turns = new ArrayList<>();
    for (int epoch = 0; epoch < plan.epochs(); epoch++) {
      int[] positions = plan.positions(epoch);
      for (int item = 0; item < plan.items(); item++) {
        if (positions[item] >= plan.groupsPerEpoch()) {
          continue;
        }
        long serial = plan.serial(epoch, positions[item]);
        if (serial < plan.firstSerial(plan.steps() + 1L)) {
          assertThat(plan.epoch(serial)).isEqualTo(epoch);
          assertThat(plan.rank(serial)).isEqualTo(plan.place(serial).rank());
          turns.add(new Turn(epoch, item, plan.place(serial)));
        }
      }
    }
    return turns;
  }

  private static List<List<Integer>> batches(TrainingPlan plan, int epoch, int rank) {
    Comparator<Turn> bySlot = Comparator.comparing(turn -> turn.place().slot());
    return List.copyOf(
        turns(plan).stream()
            .filter(turn -> turn.epoch() == epoch && turn.place().rank() == rank)
            .sorted(bySlot)
            .collect(
                groupingBy(
                    turn -> turn.place().step(), TreeMap::new, mapping(Turn::item, toList())))
            .values());
  }

  private static Map<Integer, Set<Integer>> stepGroups(TrainingPlan plan) {
    return turns(plan).stream()
        .collect(groupingBy(turn -> turn.place().step(), mapping(Turn::item, toSet())));
  }
}
