package dev.rankspark.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.OptionException;
import dev.rankspark.corpus.Passage;
import dev.rankspark.corpus.TrainItem;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GroupChoiceTest {
  /**
   * Item 3 with seed 42, so that {@code random.Random(45)} shuffles; made by {@code __getitem__} of
   * Tevatron's dataset over this item, with {@code state.epoch} 0 to 2.
   */
  @Test
  void eachEpochTakesTheNextPositiveAndTheNextNegatives() {
    var choice = new GroupChoice(4, false, false, 42);
    assertThat(docids(choice, item(3, 2, 7), 0)).containsExactly("p1", "n4", "n1", "n0");
    assertThat(docids(choice, item(3, 2, 7), 1)).containsExactly("p0", "n6", "n5", "n3");
    assertThat(docids(choice, item(3, 2, 7), 2)).containsExactly("p1", "n2", "n4", "n1");
  }

  @Test
  void withoutShufflingTheFirstPassagesAreTaken() {
    assertThat(docids(new GroupChoice(4, true, true, 42), item(3, 2, 7), 5))
        .containsExactly("p0", "n0", "n1", "n2");
  }

  @Test
  void aGroupOfOneIsThePositive() {
    assertThat(docids(new GroupChoice(1, false, false, 42), item(3, 2, 7), 0))
        .containsExactly("p1");
    assertThat(docids(new GroupChoice(1, false, false, 42), item(3, 2, 0), 0))
        .containsExactly("p1");
  }

  @Test
  void allNegativesInAnotherOrder() {
    for (int epoch = 0; epoch < 3; epoch++) {
      assertThat(docids(new GroupChoice(8, true, false, 42), item(3, 2, 7), epoch))
          .containsExactlyInAnyOrder("p0", "n0", "n1", "n2", "n3", "n4", "n5", "n6");
    }
  }

  /**
   * {@code random.Random((1 << 96) + (7 << 64) + (2 << 32) + 42).choices(["n0", "n1", "n2"], k=7)},
   * without shuffling too, as in Tevatron.
   */
  @Test
  void tooFewNegativesAreDrawnWithReplacement() {
    for (boolean noShuffle : new boolean[] {false, true}) {
      assertThat(docids(new GroupChoice(8, true, noShuffle, 42), item(7, 1, 3), 2))
          .containsExactly("p0", "n2", "n0", "n0", "n1", "n0", "n0", "n2");
    }
  }

  @Test
  void theLargestSeed() {
    assertThat(docids(new GroupChoice(3, false, false, 0xffffffffL), item(3, 2, 7), 0))
        .containsExactly("p0", "n2", "n3");
    assertThatThrownBy(() -> new GroupChoice(3, false, false, 1L << 32))
        .isInstanceOf(OptionException.class)
        .hasMessage("--seed: expected 0 to 4294967295, got 4294967296");
  }

  @Test
  void aGroupWithoutPassagesIsNone() {
    assertThatThrownBy(() -> new GroupChoice(0, false, false, 42))
        .isInstanceOf(OptionException.class)
        .hasMessage("--train-group-size: expected at least 1, got 0");
  }

  private static List<String> docids(GroupChoice choice, TrainItem item, int epoch) {
    return choice.group(item, epoch).stream().map(Passage::docid).toList();
  }

  private static TrainItem item(int number, int positives, int negatives) {
    return new TrainItem(number, "q", "query", passages("p", positives), passages("n", negatives));
  }

  private static List<Passage> passages(String prefix, int count) {
    return IntStream.range(0, count).mapToObj(i -> new Passage(prefix + i, "", "text")).toList();
  }
}
