package dev.rankspark.score;

import dev.rankspark.model.PackedTexts;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Which texts of a task are scored together, and which tokens they share: a pure function of their
 * token ids, so that a task that is run again makes the same batches.
 *
 * <p>Texts that begin alike, such as a query's {@code <s> query: ... document:}, form a group whose
 * common prefix is computed once a batch. Within a group the longest come first, equally long ones
 * in input order, so that equally long ones are neighbours and nothing needs padding; groups follow
 * each other in the order of their first text. Planning sorts; it takes n log n comparisons.
 */
final class BatchPlan {
  /**
   * Tokens that a group must save. Each one is a block of attention more in every layer, and its
   * texts are fewer for equally long neighbours.
   */
  private static final int WORTH = 16;

  private final List<long[]> texts;
  private final int maxRows;
  private final int maxTokens;
  private final List<Batch> batches = new ArrayList<>();
  private List<Group> open = new ArrayList<>();
  private int openRows;
  private int openTokens;
  private long attended;

  private BatchPlan(List<long[]> texts, int maxRows, int maxTokens) {
    this.texts = texts;
    this.maxRows = maxRows;
    this.maxTokens =
        Math.max(maxTokens, texts.stream().mapToInt(text -> text.length).max().orElse(0));
  }

  /**
   * Texts that begin with the same tokens.
   *
   * @param prefix how many; less than the length of each text, so that the state that the head
   *     reads is the text's own; 0 if they share nothing
   * @param texts indices of texts
   */
  record Group(int prefix, int[] texts) {}

  /**
   * What is computed by one call.
   *
   * @param groups each text of the plan is in one group of one batch
   * @param tokens tokens computed
   */
  record Batch(List<Group> groups, int tokens) {
    /** The texts in the order of their scores. */
    int[] texts() {
      return groups.stream().flatMapToInt(group -> Arrays.stream(group.texts)).toArray();
    }
  }

  /**
   * A plan.
   *
   * @param batches in the order of their computing
   * @param realTokens tokens of all texts
   * @param computedTokens tokens that go through the model, with those of padding
   * @param paddedTokens those that fill a batch up to whole steps of rows
   * @param attendedTokens for each of those the length of its text, which attention reads
   */
  record Plan(
      List<Batch> batches,
      long realTokens,
      long computedTokens,
      long paddedTokens,
      long attendedTokens) {
    /** Tokens that were not computed, as another text of the batch begins with them too. */
    long sharedTokens() {
      return realTokens + paddedTokens - computedTokens;
    }
  }

  /**
   * Plans.
   *
   * @param texts token ids of each text, at least one
   * @param maxRows the most texts in a batch
   * @param maxTokens the most tokens computed in a batch; raised to the longest text
   */
  static Plan plan(List<long[]> texts, int maxRows, int maxTokens) {
    BatchPlan plan = new BatchPlan(texts, maxRows, maxTokens);
    for (Group group : Prefixes.of(texts).groups()) {
      plan.pack(group);
    }
    plan.close();
    return new Plan(
        plan.batches,
        texts.stream().mapToLong(text -> text.length).sum(),
        plan.batches.stream().mapToLong(batch -> PackedTexts.rows(batch.tokens)).sum(),
        plan.batches.stream()
            .mapToLong(batch -> PackedTexts.rows(batch.tokens) - batch.tokens)
            .sum(),
        plan.attended);
  }

  /** Puts a group into the open batch and as many further ones as it needs. */
  private void pack(Group group) {
    int from = 0;
    int tokens = group.prefix; // of the part from..to, its prefix included
    for (int to = 0; to < group.texts.length; to++) {
      int own = texts.get(group.texts[to]).length - group.prefix;
      boolean rowsFit = openRows + to - from < maxRows;
      if (!rowsFit || openTokens + tokens + own > maxTokens) {
        add(group, from, to, tokens);
        close();
        from = to;
        tokens = group.prefix;
      }
      tokens += own;
    }
    add(group, from, group.texts.length, tokens);
  }

  private void add(Group group, int from, int to, int tokens) {
    if (from < to) {
      // One text shares nothing: its prefix is better computed with the rest of it.
      int prefix = to - from == 1 ? 0 : group.prefix;
      open.add(new Group(prefix, Arrays.copyOfRange(group.texts, from, to)));
      openRows += to - from;
      openTokens += tokens;
      attended += (long) prefix * prefix;
      for (int text = from; text < to; text++) {
        long length = texts.get(group.texts[text]).length;
        attended += (length - prefix) * length;
      }
    }
  }

  private void close() {
    if (!open.isEmpty()) {
      batches.add(new Batch(List.copyOf(open), openTokens));
      open = new ArrayList<>();
      openRows = 0;
      openTokens = 0;
    }
  }

  /**
   * A batch as the model takes it.
   *
   * @param texts those that were planned
   */
  static PackedTexts packed(Batch batch, List<long[]> texts) {
    PackedTexts.Builder packed = new PackedTexts.Builder(batch.tokens);
    for (Group group : batch.groups) {
      List<long[]> rows = Arrays.stream(group.texts).mapToObj(texts::get).toList();
      packed.add(group.prefix, rows);
    }
    return packed.build();
  }

  /**
   * Texts in the order of their ids and how much neighbours share: as neighbours within neighbours,
   * each with a longer prefix, which is a trie without its edges.
   */
  private static final class Prefixes {
    private final List<long[]> texts;

    /** Indices of texts, in the order of their ids. */
    private final int[] sorted;

    /**
     * {@code shared[i]}: tokens that {@code sorted[i - 1]} and {@code sorted[i]} may share; always
     * less than the shorter of them has.
     */
    private final int[] shared;

    /** The group of {@code sorted[i]}: an index of {@link #prefixes}. */
    private final int[] groupOf;

    /** The prefix of each group. */
    private final List<Integer> prefixes = new ArrayList<>();

    private Prefixes(List<long[]> texts, int[] sorted) {
      this.texts = texts;
      this.sorted = sorted;
      this.shared = new int[sorted.length];
      this.groupOf = new int[sorted.length];
      for (int i = 1; i < sorted.length; i++) {
        long[] a = texts.get(sorted[i - 1]);
        long[] b = texts.get(sorted[i]);
        int differ = Arrays.mismatch(a, b);
        int alike = differ < 0 ? a.length : differ;
        shared[i] = Math.min(alike, Math.min(a.length, b.length) - 1);
      }
    }

    static Prefixes of(List<long[]> texts) {
      Integer[] order = new Integer[texts.size()];
      Arrays.setAll(order, i -> i);
      Comparator<Integer> byIds = (a, b) -> Arrays.compare(texts.get(a), texts.get(b));
      Arrays.sort(order, byIds); // stable
      return new Prefixes(texts, Arrays.stream(order).mapToInt(Integer::intValue).toArray());
    }

    List<Group> groups() {
      prefixes.add(0);
      for (Neighbours alike : neighbours()) {
        open(alike);
      }
      return collect();
    }

    /** The neighbours {@code from..to - 1} share {@code prefix} tokens, and no others with them. */
    private record Neighbours(int from, int to, int prefix) {}

    /** All neighbours, two texts or more, each after those that contain it. */
    private List<Neighbours> neighbours() {
      List<Neighbours> found = new ArrayList<>();
      int[] from = new int[sorted.length + 1]; // a stack of those that have not ended
      int[] prefix = new int[sorted.length + 1];
      int depth = 0;
      for (int i = 1; i <= sorted.length; i++) {
        int alike = i < sorted.length ? shared[i] : 0;
        int start = i - 1;
        while (depth > 0 && prefix[depth - 1] > alike) {
          depth--;
          start = from[depth];
          found.add(new Neighbours(start, i, prefix[depth]));
        }
        if (alike > 0 && (depth == 0 || prefix[depth - 1] < alike)) {
          from[depth] = start;
          prefix[depth++] = alike;
        }
      }
      found.sort(
          Comparator.comparingInt(Neighbours::from)
              .thenComparing(Comparator.comparingInt(Neighbours::to).reversed()));
      return found;
    }

    /** Makes a group of neighbours if that saves more than the group that they are part of now. */
    private void open(Neighbours alike) {
      int around = prefixes.get(groupOf[alike.from]);
      long saved = (long) (alike.to - alike.from) * (alike.prefix - around) - alike.prefix;
      if (saved >= WORTH) {
        Arrays.fill(groupOf, alike.from, alike.to, prefixes.size());
        prefixes.add(alike.prefix);
      }
    }

    private List<Group> collect() {
      Integer[] order = new Integer[sorted.length];
      Arrays.setAll(order, i -> i);
      int[] first = new int[prefixes.size()]; // the first text of each group
      Arrays.fill(first, Integer.MAX_VALUE);
      for (int i = 0; i < sorted.length; i++) {
        first[groupOf[i]] = Math.min(first[groupOf[i]], sorted[i]);
      }
      Arrays.sort(
          order,
          Comparator.comparingInt((Integer i) -> first[groupOf[i]])
              .thenComparingInt(i -> -texts.get(sorted[i]).length)
              .thenComparingInt(i -> sorted[i]));
      List<Group> groups = new ArrayList<>();
      for (int from = 0, to; from < order.length; from = to) {
        int group = groupOf[order[from]];
        to = from + 1;
        while (to < order.length && groupOf[order[to]] == group) {
          to++;
        }
        int[] members =
            Arrays.stream(order, from, to).mapToInt(position -> sorted[position]).toArray();
        groups.add(new Group(prefixes.get(group), members));
      }
      return groups;
    }
  }
}
