package dev.rankspark.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.corpus.Passage;
import dev.rankspark.corpus.TrainItem;
import dev.rankspark.corpus.TrainingSet;
import dev.rankspark.files.InputPaths;
import dev.rankspark.prompt.PairText;
import dev.rankspark.train.TrainingPlan.Options;
import dev.rankspark.train.TrainingPlan.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.commons.lang3.SerializationUtils;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlacedGroupsTest {
  private static final PairText TEMPLATE = new PairText("query:", "document:");
  private static final GroupChoice CHOICE = new GroupChoice(3, false, false, 42);
  private static final int ITEMS = 23;

  private static final Comparator<PlacedGroup> IN_ORDER =
      Comparator.<PlacedGroup, Integer>comparing(group -> group.place().step())
          .thenComparing(group -> group.place().micro())
          .thenComparing(group -> group.place().slot());

  private static SparkSession spark;

  @TempDir Path folder;

  @BeforeAll
  static void start() {
    spark =
        SparkSession.builder()
            .master("local[2]")
            .config("spark.ui.enabled", false)
            // users set it, and it cannot read everything that Java's can
            .config("spark.serializer", "org.apache.spark.serializer.KryoSerializer")
            .getOrCreate();
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  /** One item, so that its two groups can be read off. */
  @Test
  void aGroupIsTheTextsOfItsEpoch() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("train.jsonl"),
            """
            {"query_id": "q7", "query": "who", "positive_passages": [{"docid": "d1", "text": "he"}, \
            {"docid": "d2", "title": "S-he", "text": "she"}], \
            "negative_passages": [{"docid": "d3", "text": "it"}]}
            """);
    TrainingSet set =
        TrainingSet.read(
            spark,
            InputPaths.of("--dataset-path", List.of(file.toString())),
            InputPaths.of("--corpus-path", List.of()),
            2);
    var plan = new TrainingPlan(set.size(), 1, new Options(1, 1, 2, Options.BY_EPOCHS, 42, true));
    var groups =
        PlacedGroups.spread(set.items(), plan, new GroupChoice(2, false, false, 42), TEMPLATE, 1);
    assertThat(collect(groups))
        .containsExactly(
            List.of(
                new PlacedGroup(
                    new Place(1, 0, 0, 0),
                    0,
                    "q7",
                    List.of("query: who document:  he", "query: who document:  it")),
                new PlacedGroup(
                    new Place(2, 0, 0, 0),
                    1,
                    "q7",
                    List.of("query: who document: S he she", "query: who document:  it"))));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7})
  void eachWorkerHasItsGroupsInTheOrderOfItsSteps(int workers) {
    var plan = plan(workers, 2);
    for (int partitions : new int[] {1, 4}) {
      List<List<PlacedGroup>> spread = collect(spread(items(partitions), plan, 1));
      assertThat(spread).hasSize(workers);
      for (int rank = 0; rank < workers; rank++) {
        assertThat(spread.get(rank)).isSortedAccordingTo(IN_ORDER);
        assertThat(spread.get(rank))
            .extracting(group -> group.place().rank())
            .allMatch(Integer.valueOf(rank)::equals);
      }
      assertThat(spread.stream().flatMap(List::stream))
          .containsExactlyInAnyOrderElementsOf(expected(plan));
    }
  }

  @Test
  void aResumedTrainingHasTheStepsThatAreLeft() {
    var plan = plan(2, 2);
    List<List<PlacedGroup>> whole = collect(spread(items(3), plan, 1));
    for (int fromStep = 2; fromStep <= plan.steps() + 1; fromStep++) {
      int from = fromStep;
      assertThat(collect(spread(items(2), plan, fromStep)))
          .isEqualTo(
              whole.stream()
                  .map(
                      groups ->
                          groups.stream().filter(group -> group.place().step() >= from).toList())
                  .toList());
    }
  }

  @Test
  void aWorkerMayHaveNothingToDo() {
    assertThat(collect(spread(items(2), plan(20, 2), 1)).get(19)).isEmpty();
  }

  @Test
  void itemsThatAreLeftOutAreOfNoEpoch() {
    var plan =
        new TrainingPlan(
            ITEMS, 2, new Options(2, 1, 2, Options.BY_EPOCHS, 42, true, 42, /* dropLast= */ true));
    List<PlacedGroup> groups =
        collect(spread(items(3), plan, 1)).stream().flatMap(List::stream).toList();
    assertThat(groups).hasSize(40).extracting(PlacedGroup::place).doesNotHaveDuplicates();
    for (int step = 1; step <= plan.steps(); step++) {
      int at = step;
      assertThat(groups).filteredOn(group -> group.place().step() == at).hasSize(4);
    }
  }

  /** What the shuffle has to bring about, computed without Spark. */
  private static List<PlacedGroup> expected(TrainingPlan plan) {
    return IntStream.range(0, plan.epochs())
        .boxed()
        .flatMap(
            epoch ->
                IntStream.range(0, ITEMS)
                    .mapToObj(
                        item ->
                            new PlacedGroup(
                                plan.place(plan.serial(epoch, plan.positions(epoch)[item])),
                                epoch,
                                "q" + item,
                                CHOICE.group(item(item), epoch).stream()
                                    .map(passage -> text(item, passage))
                                    .toList())))
        .filter(group -> group.place().step() <= plan.steps())
        .toList();
  }

  private static String text(int item, Passage passage) {
    return "query: text " + item + " document:  " + passage.text();
  }

  private static TrainingPlan plan(int workers, int accumulation) {
    return new TrainingPlan(
        ITEMS, workers, new Options(2, accumulation, 2.4, Options.BY_EPOCHS, 42, true));
  }

  private static JavaRDD<PlacedGroup> spread(
      JavaRDD<TrainItem> items, TrainingPlan plan, int fromStep) {
    return PlacedGroups.spread(items, plan, CHOICE, TEMPLATE, fromStep);
  }

  private static JavaRDD<TrainItem> items(int partitions) {
    List<Integer> numbers = IntStream.range(0, ITEMS).boxed().collect(Collectors.toList());
    return JavaSparkContext.fromSparkContext(spark.sparkContext())
        .parallelize(numbers, partitions)
        .map(PlacedGroupsTest::item);
  }

  private static TrainItem item(int number) {
    return new TrainItem(
        number,
        "q" + number,
        "text " + number,
        passages("p" + number, 2),
        passages("n" + number, 5));
  }

  private static List<Passage> passages(String prefix, int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> new Passage(prefix + i, "", "text of " + prefix + i))
        .toList();
  }

  /** Worker by worker; as bytes, for Kryo cannot read records. */
  private static List<List<PlacedGroup>> collect(JavaRDD<PlacedGroup> groups) {
    return groups
        .mapPartitions(
            ofRank -> {
              ArrayList<PlacedGroup> list = new ArrayList<>();
              ofRank.forEachRemaining(list::add);
              return List.of(SerializationUtils.serialize(list)).iterator();
            })
        .collect()
        .stream()
        .map(bytes -> SerializationUtils.<List<PlacedGroup>>deserialize(bytes))
        .toList();
  }
}
