package dev.rankspark.model;

import java.util.Arrays;
import java.util.List;

/**
 * The tokens of a batch one after the other. Texts that begin alike have their common prefix before
 * them, once.
 *
 * @param texts how many
 * @param ids (N) the tokens, and zeros up to a multiple of {@value #ROW_STEP}
 * @param positions (N) each token's place in its text, from 0
 * @param pooled (R) where each of the texts ends in {@code ids}, and zeros up to a multiple of
 *     {@value #TEXT_STEP}
 * @param blocks four numbers each: the row of a prefix's first token, its length, and how many
 *     texts of how many tokens of their own follow it; a block of row -1 is a prefix itself
 */
public record PackedTexts(int texts, long[] ids, long[] positions, long[] pooled, long[] blocks) {
  /**
   * A product of another number of rows is another program to oneDNN, which it compiles (1 ms) and
   * keeps (0.7 MB). GPUs multiply such numbers fastest, too.
   */
  private static final int ROW_STEP = 32;

  /** As well; of so few rows a larger part would be computed for nothing. */
  static final int TEXT_STEP = 16;

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
    private long[] pooled = new long[16];
    private long[] blocks = new long[64];
    private int at;
    private int rows;
    private int blockEnd;

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
     * @param prefix how many tokens they share; less than the length of any
     * @param texts ids of whole texts; equally long neighbours are computed together
     */
    public Builder add(int prefix, List<long[]> texts) {
      int prefixRow = at;
      if (prefix > 0) {
        block(-1, 0, 1, prefix);
        copy(texts.get(0), 0, prefix);
      }
      for (int from = 0, to; from < texts.size(); from = to) {
        int length = texts.get(from).length;
        to = from;
        while (to < texts.size() && texts.get(to).length == length) {
          copy(texts.get(to), prefix, length);
          pooled = grown(pooled, rows + 1);
          pooled[rows++] = at - 1L;
          to++;
        }
        block(prefixRow, prefix, to - from, length - prefix);
      }
      return this;
    }

    private void copy(long[] text, int from, int to) {
      System.arraycopy(text, from, ids, at, to - from);
      for (int position = from; position < to; position++) {
        positions[at++] = position;
      }
    }

    private void block(int row, int prefix, int texts, int own) {
      blocks = grown(blocks, blockEnd + 4);
      blocks[blockEnd++] = row;
      blocks[blockEnd++] = prefix;
      blocks[blockEnd++] = texts;
      blocks[blockEnd++] = own;
    }

    private static long[] grown(long[] array, int size) {
      return size <= array.length ? array : Arrays.copyOf(array, 2 * size);
    }

    /** The batch; everything that was announced has been added. */
    public PackedTexts build() {
      if (at != tokens) {
        throw new IllegalStateException(at + " tokens added, " + tokens + " announced");
      }
      return new PackedTexts(
          rows,
          ids,
          positions,
          Arrays.copyOf(Arrays.copyOf(pooled, rows), up(rows, TEXT_STEP)),
          Arrays.copyOf(blocks, blockEnd));
    }
  }
}
