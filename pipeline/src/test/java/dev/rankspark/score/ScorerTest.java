package dev.rankspark.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.EngineException;
import dev.rankspark.DeviceException;
import dev.rankspark.cluster.ExecutorModels;
import dev.rankspark.model.BatchModel;
import dev.rankspark.model.CrossEncoder;
import dev.rankspark.model.DeviceMemoryException;
import dev.rankspark.model.PackedTexts;
import dev.rankspark.prompt.PairEncoder;
import dev.rankspark.prompt.Pooling;
import dev.rankspark.prompt.PromptOptions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Scores by the real engine; a device of little memory is the real one with a fault before it. */
class ScorerTest {
  private static final int BATCH_TOKENS = 512;

  /** Two of our own ways to the same score, as in the conformance suite. */
  private static final Offset<Float> INVARIANCE = Offset.offset(2e-5f);

  private static final long SEED = 20261124;

  private static CrossEncoder model;
  private static PairEncoder tokenizer;
  private static List<String> texts;
  private static float[] expected;

  @BeforeAll
  static void load() {
    System.out.println("ScorerTest: seed " + SEED);
    ReferenceModel reference = ReferenceModel.adapted(196);
    model = reference.crossEncoder();
    tokenizer =
        PairEncoder.load(
            reference.checkpoint().tokenizerDirectory(),
            new PromptOptions("query: ", "document: ", 196, false),
            Pooling.LAST_BEFORE_PADDING);
    Random random = new Random(SEED);
    texts =
        IntStream.range(0, 300)
            .mapToObj(
                i ->
                    "query:  what is number "
                        + i / 50
                        + " document:  "
                        + "and so on ".repeat(random.nextInt(12))
                        + i % 290) // some are equal
            .toList();
    expected = new Scorer(tokenizer, model, 64, BATCH_TOKENS).score(texts, 2).scores();
  }

  @AfterAll
  static void close() {
    model.close();
    tokenizer.close();
  }

  @Test
  void whenTheDevicesMemoryIsFullBatchesAreHalvedAndStaySo() {
    List<Integer> tried = new ArrayList<>();
    Scorer scorer = new Scorer(tokenizer, fullAbove(160, tried), 64, BATCH_TOKENS);

    Scorer.Scores scores = scorer.score(texts, 2);
    assertThat(scores.scores()).containsExactly(expected, INVARIANCE);
    assertThat(scores.batchTokens()).isBetween(64, 160);
    assertThat(tried.stream().filter(tokens -> tokens > 160).count()).isEqualTo(2); // 512, 256

    tried.clear();
    assertThat(scorer.score(texts, 2).scores()).containsExactly(expected, INVARIANCE);
    assertThat(tried).allSatisfy(tokens -> assertThat(tokens).isLessThanOrEqualTo(160));
  }

  @Test
  void tasksOfAJobShareWhatTheyLearnOfTheMemoryAndAnotherJobDoesNot() {
    BatchModel full = fullAbove(160, new ArrayList<>());
    Supplier<Scorer> loader = () -> new Scorer(tokenizer, full, 64, BATCH_TOKENS);
    try (ExecutorModels.Lease<Scorer> first =
            ExecutorModels.acquire(Scorer.class, "a device", "m", 1, loader);
        ExecutorModels.Lease<Scorer> same =
            ExecutorModels.acquire(Scorer.class, "a device", "m", 1, loader);
        ExecutorModels.Lease<Scorer> other =
            ExecutorModels.acquire(Scorer.class, "a device", "m", 2, loader)) {
      first.model().score(texts.subList(0, 40), 2);

      assertThat(same.model().score(texts.subList(0, 1), 2).batchTokens()).isLessThan(BATCH_TOKENS);
      assertThat(other.model().score(texts.subList(0, 1), 2).batchTokens()).isEqualTo(BATCH_TOKENS);
      assertThat(List.of(first, same, other))
          .extracting(lease -> lease.loaded())
          .containsExactly(true, false, false);
    }
  }

  @Test
  void aPairThatDoesNotFitAloneIsNamed() {
    List<String> one = List.of("a", "b", "a", "b", texts.get(7) + " and more".repeat(30));
    Scorer scorer = new Scorer(tokenizer, fullAbove(60, new ArrayList<>()), 64, BATCH_TOKENS);
    assertThatThrownBy(() -> scored(scorer, one, BATCH_TOKENS))
        .isInstanceOf(DeviceException.class)
        .hasMessageMatching(
            "query q4, docid d4: the device has no memory for this pair's \\d+ tokens alone"
                + " \\(CUDA out of memory.*\\); take a smaller --rerank-max-len.*");
  }

  /** Of two lengths, so that the longer ones raise a budget that has been halved below them. */
  private static List<String> threeShortAndThreeLong() {
    return IntStream.range(0, 6)
        .mapToObj(
            i ->
                "query:  "
                    + (i < 3 ? "a river" : "the sea")
                    + " of such a kind as that".repeat(3)
                    + " document:  "
                    + i
                    + " and so on".repeat(i < 3 ? 8 : 25))
        .toList();
  }

  @Test
  void halvingEndsWhereTheLongestTextRaisesTheBudget() {
    List<String> six = threeShortAndThreeLong();
    assertThat(tokenizer.encode(six).stream().map(tokens -> tokens.ids().length))
        .allSatisfy(length -> assertThat(length).isBetween(40, 110))
        .satisfies(lengths -> assertThat(lengths.get(0)).isLessThanOrEqualTo(64))
        .satisfies(lengths -> assertThat(lengths.get(3)).isGreaterThan(64));
    Scorer scorer = new Scorer(tokenizer, fullAbove(64, new ArrayList<>()), 64, BATCH_TOKENS);
    assertThatThrownBy(() -> scored(scorer, six, BATCH_TOKENS))
        .isInstanceOf(DeviceException.class)
        .hasMessageStartingWith("query q3, docid d3: the device has no memory for this pair's ");
  }

  @Test
  void aDeviceThatTakesOnlyOneTextAtATimeScoresThemAll() {
    BatchModel narrow =
        (batch, threads) -> {
          if (batch.texts() > 1) {
            throw new DeviceMemoryException("CUDA out of memory", new EngineException("CUDA"));
          }
          return model.score(batch, threads);
        };
    List<String> six = threeShortAndThreeLong();
    assertThat(new Scorer(tokenizer, narrow, 64, BATCH_TOKENS).score(six, 2).scores())
        .containsExactly(
            new Scorer(tokenizer, model, 64, BATCH_TOKENS).score(six, 2).scores(), INVARIANCE);
  }

  @Test
  void anotherFaultOfTheEngineIsNotTakenForIt() {
    BatchModel broken =
        (batch, threads) -> {
          throw new EngineException("expected scalar type Float but found Half");
        };
    assertThatThrownBy(() -> new Scorer(tokenizer, broken, 64, BATCH_TOKENS).score(texts, 2))
        .isInstanceOf(EngineException.class)
        .hasMessage("expected scalar type Float but found Half");
  }

  /** A block that announces a text of 6 million tokens needs a mask beyond any address space. */
  @Test
  void libtorchsOwnMessageOfFullMemoryIsKnown() {
    PackedTexts huge =
        new PackedTexts(
            1,
            new long[] {1, 2},
            new long[] {0, 1},
            new long[] {1},
            List.of(),
            List.of(new PackedTexts.Block(0, 1, 0, 6_000_000, new PackedTexts.Prefix(0, 0))));
    assertThatThrownBy(() -> model.score(huge, 2))
        .isInstanceOf(DeviceMemoryException.class)
        .hasMessageContaining("DefaultCPUAllocator: ");
  }

  @Test
  void chunksOfATaskGiveTheScoresOfTheWhole() {
    Scorer scorer = new Scorer(tokenizer, model, 64, BATCH_TOKENS);
    List<ScorePipeline.Chunk<String>> chunks = scored(scorer, texts, BATCH_TOKENS);
    assertThat(chunks).extracting(chunk -> chunk.pairs().size()).containsExactly(128, 128, 44);
    int at = 0;
    for (ScorePipeline.Chunk<String> chunk : chunks) {
      for (int i = 0; i < chunk.pairs().size(); i++, at++) {
        assertThat(chunk.pairs().get(i)).isEqualTo("query q" + at + ", docid d" + at);
        assertThat(chunk.scores().scores()[i]).isCloseTo(expected[at], INVARIANCE);
      }
    }
  }

  /** A task of 256 pairs is two chunks: the second is tokenized while the first is computed. */
  @Test
  void aGpusBudgetDoesNotMakeAWholeTaskOneChunk() {
    assertThat(scored(new Scorer(tokenizer, model, 64, 32_768), texts, 32_768))
        .extracting(chunk -> chunk.pairs().size())
        .containsExactly(128, 128, 44);
    assertThat(scored(new Scorer(tokenizer, model, 100, 32_768), texts, 32_768))
        .extracting(chunk -> chunk.pairs().size())
        .containsExactly(200, 100);
  }

  @Test
  void pairsAreCountedByTheBatchAndOnceWhereABatchIsSplit() {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      texts.add("query: q document: number " + i % 30 + " ".repeat(i % 2)); // some are equal
    }
    List<Long> pairs = new ArrayList<>();
    long[] sums = new long[3];
    Scorer scorer = new Scorer(tokenizer, fullAbove(60, new ArrayList<>()), 64, 120);

    Scorer.Scores scores =
        scorer.compute(
            scorer.prepare(texts),
            2,
            (more, tokens, cut) -> {
              pairs.add(more);
              sums[0] += more;
              sums[1] += tokens;
              sums[2] += cut;
            });

    assertThat(pairs).hasSizeGreaterThan(4);
    assertThat(sums).containsExactly(40, scores.prepared().tokens(), scores.prepared().truncated());
  }

  @Test
  void aClosedPipelineTokenizesNothing() throws InterruptedException {
    List<String> long0 = Collections.nCopies(128, "and so on ".repeat(3_000));
    ScorePipeline<String> pipeline =
        pipeline(new Scorer(tokenizer, model, 64, BATCH_TOKENS), long0, BATCH_TOKENS);
    for (int i = 0; i < 1_000 && !tokenizes(); i++) {
      Thread.sleep(1);
    }
    pipeline.close();
    assertThat(tokenizes()).isFalse();
  }

  private static boolean tokenizes() {
    return Thread.getAllStackTraces().entrySet().stream()
        .filter(thread -> thread.getKey().getName().equals("rankspark-tokenizing"))
        .flatMap(thread -> Arrays.stream(thread.getValue()))
        .anyMatch(frame -> frame.getClassName().equals(PairEncoder.class.getName()));
  }

  private static List<ScorePipeline.Chunk<String>> scored(
      Scorer scorer, List<String> texts, int batchTokens) {
    List<ScorePipeline.Chunk<String>> chunks = new ArrayList<>();
    try (ScorePipeline<String> pipeline = pipeline(scorer, texts, batchTokens)) {
      pipeline.forEachRemaining(chunks::add);
    }
    return chunks;
  }

  private static ScorePipeline<String> pipeline(
      Scorer scorer, List<String> texts, int batchTokens) {
    return new ScorePipeline<>(
        IntStream.range(0, texts.size())
            .mapToObj(i -> new ScorePipeline.Pair<>("query q" + i + ", docid d" + i, texts.get(i)))
            .iterator(),
        scorer,
        batchTokens,
        2,
        Scorer.Count.NONE);
  }

  /** The real model on a device that has memory for so many tokens only. */
  private static BatchModel fullAbove(int tokens, List<Integer> tried) {
    return (batch, threads) -> {
      tried.add(batch.ids().length);
      if (batch.ids().length > tokens) {
        throw new DeviceMemoryException(
            "CUDA out of memory. Tried to allocate 2.00 GiB", new EngineException("CUDA"));
      }
      return model.score(batch, threads);
    };
  }
}
