package dev.rankspark.train;

import dev.rankspark.OptionException;
import dev.rankspark.corpus.Passage;
import dev.rankspark.corpus.TrainItem;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * Which passages an item's group has in an epoch, as {@code RerankerTrainDataset.__getitem__} of
 * Tevatron chooses ({@code tevatron/reranker/dataset.py}).
 *
 * <p>Where an item has too few negatives, Tevatron draws with replacement from the process's own
 * generator, whose draws depend on all that was drawn before: no resumed run and no other number of
 * workers can repeat them. Here each group has its own stream, in Python {@code random.Random((1 <<
 * 96) + (item << 64) + (epoch << 32) + seed).choices(negatives, k=...)}; the distribution is the
 * same.
 *
 * @param trainGroupSize {@code --train-group-size}: passages a group, the positive included
 * @param positivePassageNoShuffle {@code --positive-passage-no-shuffle}: always the first positive
 * @param negativePassageNoShuffle {@code --negative-passage-no-shuffle}: always the first negatives
 * @param seed {@code --seed}
 */
public record GroupChoice(
    int trainGroupSize,
    boolean positivePassageNoShuffle,
    boolean negativePassageNoShuffle,
    long seed)
    implements Serializable {

  /** Tevatron's default of {@code --train-group-size}. */
  public static final int DEFAULT_TRAIN_GROUP_SIZE = 8;

  public GroupChoice {
    if (trainGroupSize < 1) {
      throw OptionException.of("--train-group-size: expected at least 1, got %d", trainGroupSize);
    }
    checkSeed("--seed", seed);
  }

  /** The seeds that the Trainer takes: those of numpy. */
  static void checkSeed(String option, long seed) {
    if (seed < 0 || seed > 0xffffffffL) {
      throw OptionException.of("%s: expected 0 to 4294967295, got %d", option, seed);
    }
  }

  /**
   * The group's passages, the positive first.
   *
   * @param item has a negative if the group needs one
   * @param epoch from 0
   */
  List<Passage> group(TrainItem item, int epoch) {
    List<Passage> group = new ArrayList<>(trainGroupSize);
    group.add(item.positives().get(positive(item, epoch)));
    group.addAll(negatives(item, epoch));
    return group;
  }

  private int positive(TrainItem item, int epoch) {
    return positivePassageNoShuffle ? 0 : (int) ((hash(item) + epoch) % item.positives().size());
  }

  private List<Passage> negatives(TrainItem item, int epoch) {
    List<Passage> all = item.negatives();
    int size = trainGroupSize - 1;
    if (all.size() < size) {
      return PythonRandom.ofWords((int) seed, epoch, item.number(), 1).choices(all, size);
    }
    if (size == 0) {
      return List.of();
    }
    if (negativePassageNoShuffle) {
      return all.subList(0, size);
    }
    List<Passage> shuffled = new ArrayList<>(all);
    PythonRandom.of(hash(item)).shuffle(shuffled);
    int offset = (int) ((long) epoch * size % all.size());
    shuffled.addAll(List.copyOf(shuffled)); // so that the window may run over the end
    return shuffled.subList(offset, offset + size);
  }

  /** {@code hash(item + seed)}: below 2^61 - 1 a number is its own hash in Python. */
  private long hash(TrainItem item) {
    return item.number() + seed;
  }
}
