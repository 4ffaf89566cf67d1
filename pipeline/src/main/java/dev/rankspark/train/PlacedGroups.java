package dev.rankspark.train;

import dev.rankspark.cluster.Keyed;
import dev.rankspark.corpus.Passage;
import dev.rankspark.corpus.TrainItem;
import dev.rankspark.prompt.PairText;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaRDD;

/** The groups of a training, spread over its workers in the order in which they compute them. */
final class PlacedGroups {
  private PlacedGroups() {}

  /**
   * One partition a worker: partition r has the groups of rank r, by step, micro and slot. Groups
   * stream through a shuffle; the driver sees none.
   *
   * @param items all of the training set
   * @param template how a query and a passage become a text
   * @param fromStep the first step that is still to be done, from 1
   */
  static JavaRDD<PlacedGroup> spread(
      JavaRDD<TrainItem> items,
      TrainingPlan plan,
      GroupChoice choice,
      PairText template,
      int fromStep) {
    return Keyed.ofEach(items, new ByEpoch(plan, choice, template, fromStep)::groups)
        .sortedWithin(new ByRank(plan))
        .map(
            (serial, group) -> {
              List<String> texts = Arrays.asList(group);
              return new PlacedGroup(
                  plan.place(serial),
                  plan.epoch(serial),
                  texts.get(0),
                  texts.subList(1, texts.size()));
            });
  }

  /**
   * What a task makes of items: a group for each epoch in which the item has its turn, by {@link
   * TrainingPlan#serial}. Of a group only texts travel, the query's id before the passages'.
   */
  private record ByEpoch(TrainingPlan plan, GroupChoice choice, PairText template, int fromStep)
      implements Serializable {

    Iterator<Map.Entry<Long, String[]>> groups(Iterator<TrainItem> items) {
      int firstEpoch = plan.epochOfStep(fromStep);
      // All epochs' orders at once: 4 bytes a group of the whole training.
      int[][] positions =
          IntStream.range(firstEpoch, plan.epochs())
              .mapToObj(plan::positions)
              .toArray(int[][]::new);
      long first = plan.firstSerial(fromStep);
      long end = plan.firstSerial(plan.steps() + 1L);
      return stream(items)
          .flatMap(
              item ->
                  IntStream.range(0, positions.length)
                      .filter(i -> positions[i][item.number()] < plan.groupsPerEpoch())
                      .mapToLong(i -> plan.serial(firstEpoch + i, positions[i][item.number()]))
                      .filter(serial -> serial >= first && serial < end)
                      .mapToObj(serial -> Map.entry(serial, texts(item, plan.epoch(serial)))))
          .iterator();
    }

    private String[] texts(TrainItem item, int epoch) {
      Stream<String> pairs = choice.group(item, epoch).stream().map(passage -> text(item, passage));
      return Stream.concat(Stream.of(item.qid()), pairs).toArray(String[]::new);
    }

    private String text(TrainItem item, Passage passage) {
      return template.format(item.query(), passage.title(), passage.text());
    }

    private static Stream<TrainItem> stream(Iterator<TrainItem> items) {
      return StreamSupport.stream(
          Spliterators.spliteratorUnknownSize(items, Spliterator.ORDERED), /* parallel= */ false);
    }
  }

  private static final class ByRank extends Partitioner {
    private static final long serialVersionUID = 1L;
    private final TrainingPlan plan;

    ByRank(TrainingPlan plan) {
      this.plan = plan;
    }

    @Override
    public int numPartitions() {
      return plan.workers();
    }

    @Override
    public int getPartition(Object serial) {
      return plan.rank((Long) serial);
    }
  }
}
