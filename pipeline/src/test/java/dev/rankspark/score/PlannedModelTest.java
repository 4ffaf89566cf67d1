package dev.rankspark.score;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.EngineException;
import dev.rankspark.model.DeviceMemoryException;
import dev.rankspark.reranker.Activation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.commons.lang3.ArrayUtils;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link PlannedModel} keeps, whichever program computes it. */
abstract class PlannedModelTest {
  /** The longest text in tokens. */
  static final int LONGEST = 80;

  /** Two of our own ways to the same score, as in the conformance suite. */
  private static final Offset<Float> INVARIANCE = Offset.offset(2e-5f);

  private static final long SEED = 20261128;
  private static final int THREADS = 2;
  private static final int BATCH_ROWS = 64;
  private static final int BATCH_TOKENS = 512;

  private final Random random = new Random(SEED);
  private final List<long[]> texts = texts();
  private PlannedModel model;

  /** A model of the reference's vocabulary, for texts of up to {@link #LONGEST} tokens. */
  abstract PlannedModel open();

  @BeforeEach
  void openModel() {
    System.out.println(getClass().getSimpleName() + ": seed " + SEED);
    model = open();
  }

  @AfterEach
  void close() {
    model.close();
  }

  @Test
  void aBatchGivesTheScoresOfItsTextsAlone() {
    assertThat(scores(model, texts)).containsExactly(alone(), INVARIANCE);
  }

  /** Numbers of no use, such as one score for all, would pass all else. */
  @Test
  void scoresAreFiniteAndDiffer() {
    float[] scores = scores(model, texts);
    for (float score : scores) {
      assertThat(score).isFinite();
    }
    assertThat(Arrays.asList(ArrayUtils.toObject(scores))).doesNotHaveDuplicates();
  }

  @Test
  void aTextsScoreDoesNotDependOnItsNeighbours() {
    float[] expected = alone();
    List<Integer> order = new ArrayList<>(IntStream.range(0, texts.size()).boxed().toList());
    Collections.shuffle(order, random);
    List<Integer> some = order.subList(0, texts.size() / 3);
    float[] scores = scores(model, some.stream().map(texts::get).toList());
    for (int i = 0; i < some.size(); i++) {
      assertThat(scores[i]).as("text %d", some.get(i)).isCloseTo(expected[some.get(i)], INVARIANCE);
    }
  }

  @Test
  void whereMemoryIsFullABatchIsHalvedAndNoScoreIsLost() {
    PlannedModel little =
        (batch, planned, threads) -> {
          if (batch.tokens() > 2 * LONGEST) {
            throw new DeviceMemoryException("CUDA out of memory", new EngineException("CUDA"));
          }
          return model.score(batch, planned, threads);
        };
    assertThat(scores(little, texts)).containsExactly(alone(), INVARIANCE);
  }

  private float[] alone() {
    float[] scores = new float[texts.size()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = scores(model, List.of(texts.get(i)))[0];
    }
    return scores;
  }

  private static float[] scores(PlannedModel model, List<long[]> texts) {
    BatchPlan.Plan plan = BatchPlan.plan(texts, BATCH_ROWS, BATCH_TOKENS);
    int[] each = IntStream.range(0, texts.size()).toArray();
    return new Scorer(/* tokenizer= */ null, model, Activation.IDENTITY, BATCH_ROWS, BATCH_TOKENS)
        .compute(
            new Scorer.Prepared(texts, each, plan, 0, LONGEST, 0, 0, 0), THREADS, Scorer.Count.NONE)
        .scores();
  }

  /** As of a few queries: some begin alike, some are equally long, some are a token or two. */
  private List<long[]> texts() {
    List<long[]> made = new ArrayList<>();
    for (int query = 0; query < 5; query++) {
      long[] prefix = ids(random.nextInt(LONGEST / 2));
      for (int passage = 0; passage < 12; passage++) {
        made.add(ArrayUtils.addAll(prefix, ids(1 + random.nextInt(LONGEST / 2))));
      }
    }
    return made;
  }

  private long[] ids(int count) {
    return random.longs(count, 3, 1200).toArray();
  }
}
