package dev.rankspark.score;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.model.PackedTexts;
import dev.rankspark.score.BatchPlan.Batch;
import dev.rankspark.score.BatchPlan.Group;
import dev.rankspark.score.BatchPlan.Plan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class BatchPlanTest {
  @Test
  void textsThatBeginAlikeShareTheirPrefixOnceABatch() {
    List<long[]> texts = List.of(query(1, 30, 5), query(2, 30, 4), query(1, 30, 7));

    Plan plan = BatchPlan.plan(texts, 64, 100);

    assertThat(plan.batches()).hasSize(1);
    assertThat(plan.batches().get(0).groups())
        .usingRecursiveFieldByFieldElementComparator()
        .containsExactly(new Group(30, new int[] {2, 0}), new Group(0, new int[] {1}));
    assertThat(plan.realTokens()).isEqualTo(35 + 34 + 37);
    assertThat(plan.paddedTokens()).isEqualTo(20); // rows of a product are a multiple of 32
    assertThat(plan.computedTokens()).isEqualTo(30 + 5 + 7 + 34 + 20);
    assertThat(plan.sharedTokens()).isEqualTo(30);
  }

  @Test
  void aBatchThatContinuesAGroupComputesItsPrefixAgain() {
    List<long[]> texts =
        List.of(query(1, 30, 5), query(1, 30, 6), query(1, 30, 7), query(1, 30, 8));

    assertThat(BatchPlan.plan(texts, 2, 1_000).batches())
        .extracting(Batch::tokens)
        .containsExactly(30 + 8 + 7, 30 + 6 + 5);
    assertThat(BatchPlan.plan(texts, 64, 45).batches())
        .extracting(Batch::tokens)
        .containsExactly(30 + 8 + 7, 30 + 6 + 5);
  }

  @Test
  void aLongerPrefixOfSomeIsAGroupOfItsOwnIfThatSavesTokens() {
    List<long[]> texts = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      texts.add(query(1, 20, 5 + i));
    }
    long[] passage = Arrays.copyOf(query(1, 20, 90), 111); // two passages but for their last token
    long[] twin = passage.clone();
    twin[110] = 9;
    texts.add(passage);
    texts.add(twin);

    assertThat(BatchPlan.plan(texts, 64, 10_000).batches().get(0).groups())
        .extracting(Group::prefix)
        .containsExactly(20, 110);
  }

  @Test
  void aTextKeepsATokenOfItsOwn() {
    long[] text = LongStream.range(0, 40).toArray();
    long[] longer = LongStream.range(0, 41).toArray();

    Plan plan = BatchPlan.plan(List.of(text, text.clone(), longer), 64, 1_000);

    assertThat(plan.batches().get(0).groups()).extracting(Group::prefix).containsExactly(39);
  }

  @Test
  void equallyLongTextsStayInInputOrder() {
    List<long[]> texts = List.of(query(1, 0, 5), query(2, 0, 9), query(3, 0, 5), query(4, 0, 2));

    assertThat(BatchPlan.plan(texts, 64, 100).batches().get(0).texts()).containsExactly(1, 0, 2, 3);
  }

  @Test
  void theBudgetIsRaisedToTheLongestText() {
    List<long[]> texts = List.of(query(1, 0, 40), query(2, 0, 300), query(3, 0, 30));

    assertThat(BatchPlan.plan(texts, 64, 100).batches())
        .extracting(Batch::tokens)
        .containsExactly(300, 70);
  }

  @Test
  void noTextsNoBatches() {
    assertThat(BatchPlan.plan(List.of(), 64, 100).batches()).isEmpty();
  }

  @Test
  void everyTextOnceWithinBothLimitsAndWhole() {
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      List<long[]> texts = randomTexts(random);
      int maxRows = 1 + random.nextInt(64);
      int maxTokens = 1 + random.nextInt(2_048);
      int budget = Math.max(maxTokens, texts.stream().mapToInt(t -> t.length).max().orElse(0));

      Plan plan = BatchPlan.plan(texts, maxRows, maxTokens);

      assertThat(plan.batches().stream().flatMapToInt(b -> IntStream.of(b.texts())).sorted())
          .as("seed %d", seed)
          .containsExactlyElementsOf(IntStream.range(0, texts.size()).boxed().toList());
      for (Batch batch : plan.batches()) {
        assertThat(batch.texts().length).as("rows, seed %d", seed).isLessThanOrEqualTo(maxRows);
        assertThat(batch.tokens()).as("tokens, seed %d", seed).isLessThanOrEqualTo(budget);
        assertThat(unpacked(BatchPlan.packed(batch, texts)))
            .as("seed %d", seed)
            .isDeepEqualTo(
                Arrays.stream(batch.texts()).mapToObj(texts::get).toArray(long[][]::new));
      }
      assertThat(plan.sharedTokens()).as("seed %d", seed).isNotNegative();
    }
  }

  @Test
  void aHundredThousandTextsAreEachInOneBatch() {
    Random random = new Random(8);
    List<long[]> texts = new ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      texts.add(query(i / 200, 8 + i / 200 % 9, 1 + random.nextInt(180)));
    }

    Plan plan = BatchPlan.plan(texts, 64, 2_048);

    int[] batchesOf = new int[texts.size()];
    for (Batch batch : plan.batches()) {
      for (int text : batch.texts()) {
        batchesOf[text]++;
      }
    }
    assertThat(batchesOf).containsOnly(1);
    assertThat(plan.batches())
        .allMatch(batch -> batch.texts().length <= 64 && batch.tokens() <= 2_048);
    assertThat(plan.sharedTokens()).isPositive();
  }

  @Test
  void theSameTextsGiveTheSamePlan() {
    List<long[]> texts = randomTexts(new Random(6));
    List<long[]> again = texts.stream().map(long[]::clone).toList();

    assertThat(BatchPlan.plan(again, 64, 1_024))
        .usingRecursiveComparison()
        .isEqualTo(BatchPlan.plan(texts, 64, 1_024));
  }

  /** A prefix of the query's own tokens, then tokens that no other text has. */
  private static long[] query(int query, int prefix, int own) {
    long[] text = new long[prefix + own];
    for (int i = 0; i < text.length; i++) {
      text[i] = i < prefix ? 1_000L * query + i : 100_000L * query + 1_000L * own + i;
    }
    return text;
  }

  /** Few tokens, so that all kinds of common prefixes come about; texts that are equal too. */
  private static List<long[]> randomTexts(Random random) {
    List<long[]> texts = new ArrayList<>();
    int size = random.nextInt(120);
    for (int i = 0; i < size; i++) {
      long[] text = random.longs(1 + random.nextInt(100), 0, 2).toArray();
      if (i > 0 && random.nextInt(3) > 0) {
        long[] other = texts.get(random.nextInt(i));
        System.arraycopy(
            other, 0, text, 0, random.nextInt(Math.min(other.length, text.length) + 1));
      }
      texts.add(text);
    }
    return texts;
  }

  /** What a model that follows the description of {@link PackedTexts} reads. */
  private static long[][] unpacked(PackedTexts packed) {
    List<long[]> texts = new ArrayList<>();
    int tokens = 0;
    for (PackedTexts.Prefix prefix : packed.prefixes()) {
      assertThat(positions(packed, prefix.row(), prefix.length()))
          .isEqualTo(LongStream.range(0, prefix.length()).toArray());
      tokens += prefix.length();
    }
    for (PackedTexts.Block block : packed.blocks()) {
      PackedTexts.Prefix prefix = block.prefix();
      assertThat(prefix.length() == 0 || packed.prefixes().contains(prefix)).isTrue();
      assertThat(block.text()).isEqualTo(texts.size());
      assertThat(block.length()).as("a token of the text itself").isPositive();
      for (int i = 0; i < block.texts(); i++) {
        int row = block.row() + i * block.length();
        long[] text = new long[prefix.length() + block.length()];
        System.arraycopy(packed.ids(), prefix.row(), text, 0, prefix.length());
        System.arraycopy(packed.ids(), row, text, prefix.length(), block.length());
        assertThat(packed.ends()[texts.size()]).isEqualTo(row + block.length() - 1L);
        assertThat(positions(packed, row, block.length()))
            .isEqualTo(LongStream.range(prefix.length(), text.length).toArray());
        texts.add(text);
        tokens += block.length();
      }
    }
    assertThat(packed.texts()).isEqualTo(texts.size());
    assertThat(packed.ids()).hasSize(PackedTexts.rows(tokens));
    assertThat(packed.ends()).hasSize((texts.size() + 15) / 16 * 16);
    return texts.toArray(long[][]::new);
  }

  private static long[] positions(PackedTexts packed, int row, int length) {
    return Arrays.copyOfRange(packed.positions(), row, row + length);
  }
}
