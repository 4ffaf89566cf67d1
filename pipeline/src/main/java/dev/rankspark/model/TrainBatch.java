package dev.rankspark.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Some groups of equally many texts, packed: of each group the tokens that all its texts begin with
 * once, then the rest of its texts, the longest first.
 *
 * @param texts of all groups, one after the other
 * @param groups how many
 * @param order (groups, texts of a group) which of the texts each one is, the positive first
 * @param tokenBounds where each group's tokens begin; one more for the last one's end
 * @param textBounds likewise, its texts
 * @param seeds of each group's dropout, 0 to 2^31 - 1
 */
public record TrainBatch(
    WholeTexts texts,
    int groups,
    long[] order,
    long[] tokenBounds,
    long[] textBounds,
    long[] seeds) {

  /**
   * A group of texts.
   *
   * @param texts token ids, each at least one, the positive's first
   * @param seed of its dropout
   */
  public record Group(List<long[]> texts, int seed) {
    public Group {
      texts = List.copyOf(texts);
      if (texts.isEmpty() || seed < 0) {
        throw new IllegalArgumentException(texts.size() + " texts, seed " + seed);
      }
    }

    /** Tokens that are computed. */
    public int tokens() {
      int prefix = prefix();
      return prefix + texts.stream().mapToInt(text -> text.length - prefix).sum();
    }

    /** Tokens that all texts begin with; less than the shortest has, so that each ends alone. */
    int prefix() {
      long[] first = texts.get(0);
      int prefix = texts.size() == 1 ? 0 : first.length - 1;
      for (long[] text : texts.subList(1, texts.size())) {
        int differ = Arrays.mismatch(first, text);
        prefix = Math.min(prefix, Math.min(differ < 0 ? prefix : differ, text.length - 1));
      }
      return prefix;
    }
  }

  /**
   * Packs groups.
   *
   * @param groups of equally many texts
   */
  public static TrainBatch pack(List<Group> groups) {
    int size = groups.get(0).texts.size();
    List<WholeTexts.Alike> alike = new ArrayList<>();
    long[] order = new long[groups.size() * size];
    long[] tokenBounds = new long[groups.size() + 1];
    long[] textBounds = new long[groups.size() + 1];
    for (int g = 0; g < groups.size(); g++) {
      Group group = groups.get(g);
      if (group.texts.size() != size) {
        throw new IllegalArgumentException(
            "groups of " + size + " and of " + group.texts.size() + " texts");
      }
      Integer[] longestFirst = IntStream.range(0, size).boxed().toArray(Integer[]::new);
      Arrays.sort(longestFirst, Comparator.comparingInt(i -> -group.texts.get(i).length));
      List<long[]> texts = new ArrayList<>();
      for (int row = 0; row < size; row++) {
        texts.add(group.texts.get(longestFirst[row]));
        order[g * size + longestFirst[row]] = textBounds[g] + row;
      }
      alike.add(new WholeTexts.Alike(group.prefix(), texts));
      tokenBounds[g + 1] = tokenBounds[g] + group.tokens();
      textBounds[g + 1] = textBounds[g] + size;
    }
    long[] seeds = groups.stream().mapToLong(Group::seed).toArray();
    return new TrainBatch(
        WholeTexts.of(alike), groups.size(), order, tokenBounds, textBounds, seeds);
  }
}
