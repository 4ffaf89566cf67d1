package dev.rankspark.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The tokens of a batch one after the other. Texts that begin alike have their common prefix before
 * them, once.
 *
 * @param texts how many
 * @param ids (N) the tokens, and zeros up to a multiple of {@value #ROW_STEP}
 * @param positions (N) each token's place in its text, from 0
 * @param ends (R) the row of each text's last token, and zeros up to a multiple of {@value
 *     #TEXT_STEP}
 * @param prefixes that are there once for several texts
 * @param blocks of all texts, in order
 */
public record PackedTexts(
    int texts,
    long[] ids,
    long[] positions,
    long[] ends,
    List<Prefix> prefixes,
    List<Block> blocks) {

  /**
   * A product of another number of rows is another program to oneDNN, which it compiles (1 ms) and
   * keeps (0.7 MB). GPUs multiply such numbers fastest, too.
   */
  private static final int ROW_STEP = 32;

  /** As well; of so few rows a larger part would be computed for nothing. */
  static final int TEXT_STEP = 16;

  /**
   * What texts begin with.
   *
   * @param row of its first token
   * @param length in tokens
   */
  public record Prefix(int row, int length) {}

  /**
   * Texts of one length that follow one another.
   *
   * @param text the first one's number
   * @param texts how many
   * @param row of the first one's first token after the prefix
   * @param length in tokens of each, without the prefix
   * @param prefix of all, of length 0 if they share none
   */
  public record Block(int text, int texts, int row, int length, Prefix prefix) {}

  /** Rows that so many tokens take. */
  public static int rows(int tokens) {
    return up(tokens, ROW_STEP);
  }

  /** The least multiple of a step that is no less. */
  static int up(int count, int step) {
    return (count + step - 1) / step * step;
  }

  /** Packs texts in the order in which they are added. */
  public static final class Builder {
    private final int tokens;
    private final long[] ids;
    private final long[] positions;
    private final List<Prefix> prefixes = new ArrayList<>();
    private final List<Block> blocks = new ArrayList<>();
    private long[] ends = new long[16];
    private int at;
    private int added;

    /**
     * Packs into a batch.
     *
     * @param tokens that the batch will have
     */
    public Builder(int tokens) {
      this.tokens = tokens;
      this.ids = new long[rows(tokens)];
      this.positions = new long[rows(tokens)];
    }

    /**
     * Adds texts that begin alike.
     *
     * @param shared how many tokens they begin with alike; less than the length of any
     * @param texts ids of whole texts; equally long neighbours are computed together
     */
    public Builder add(int shared, List<long[]> texts) {
      Prefix prefix = new Prefix(at, shared);
      if (shared > 0) {
        prefixes.add(prefix);
        copy(texts.get(0), 0, shared);
      }
      for (int from = 0, to; from < texts.size(); from = to) {
        int length = texts.get(from).length;
        int text = added;
        int row = at;
        to = from;
        while (to < texts.size() && texts.get(to).length == length) {
          copy(texts.get(to), shared, length);
          if (added == ends.length) {
            ends = Arrays.copyOf(ends, 2 * added);
          }
          ends[added++] = at - 1L;
          to++;
        }
        blocks.add(new Block(text, to - from, row, length - shared, prefix));
      }
      return this;
    }

    private void copy(long[] text, int from, int to) {
      System.arraycopy(text, from, ids, at, to - from);
      for (int position = from; position < to; position++) {
        positions[at++] = position;
      }
    }

    /** The batch; everything that was announced has been added. */
    public PackedTexts build() {
      if (at != tokens) {
        throw new IllegalStateException(at + " tokens added, " + tokens + " announced");
      }
      return new PackedTexts(
          added,
          ids,
          positions,
          Arrays.copyOf(Arrays.copyOf(ends, added), up(added, TEXT_STEP)),
          List.copyOf(prefixes),
          List.copyOf(blocks));
    }
  }
}
