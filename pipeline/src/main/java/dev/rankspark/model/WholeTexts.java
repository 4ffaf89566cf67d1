package dev.rankspark.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Where attention finds each packed text from its first token on, as the program {@code trainer.py}
 * takes it: texts of unlike lengths as one array (R, L). A token that several texts begin with has
 * a place in each.
 *
 * @param ids (N) the tokens; the last row is no token
 * @param places (R * L) the row of each text's tokens; beyond its end the last row
 * @param back as {@code places}, but only the first of the texts that share a token has it: from
 *     where a token's output goes there
 * @param inverse (N) for each row its first place
 * @param lengths (R) the texts' lengths; 1 for rows that {@code pooled} has beyond the texts
 * @param prefixes four numbers each: the row of a shared prefix's first token, its length, its
 *     first text, and how many it has
 */
record WholeTexts(
    long[] ids, long[] places, long[] back, long[] inverse, long[] lengths, long[] prefixes) {

  // Steps of N and of L: the fewer there are, the fewer programs oneDNN compiles and keeps.
  private static final int ROW_STEP = 64;

  private static final int LENGTH_STEP = 16;

  /** The places of packed texts, of which there is at least one. */
  static WholeTexts of(PackedTexts packed) {
    List<long[]> texts = rows(packed.blocks());
    long[] last = texts.get(texts.size() - 1);
    int tokens = (int) last[last.length - 1] + 1;
    long[] ids = Arrays.copyOf(packed.ids(), PackedTexts.up(tokens + 1, ROW_STEP));
    int rows = packed.pooled().length;
    int longest = longest(texts.stream().mapToInt(text -> text.length).max().orElseThrow());
    long[] places = new long[rows * longest];
    Arrays.fill(places, ids.length - 1);
    long[] back = places.clone();
    long[] inverse = new long[ids.length];
    Arrays.fill(inverse, -1);
    long[] lengths = new long[rows];
    Arrays.fill(lengths, 1);
    List<long[]> prefixes = new ArrayList<>();
    for (int text = 0; text < texts.size(); text++) {
      long[] row = texts.get(text);
      lengths[text] = row.length;
      int shared = 0;
      for (int i = 0; i < row.length; i++) {
        int place = text * longest + i;
        places[place] = row[i];
        if (inverse[(int) row[i]] < 0) {
          inverse[(int) row[i]] = place;
          back[place] = row[i];
        } else {
          shared++;
        }
      }
      if (shared > 0) {
        long[] prefix = prefixes.isEmpty() ? null : prefixes.get(prefixes.size() - 1);
        if (prefix == null || prefix[0] != row[0]) {
          prefix = new long[] {row[0], shared, text - 1, 1};
          prefixes.add(prefix);
        }
        prefix[3]++;
      }
    }
    Arrays.setAll(inverse, row -> Math.max(inverse[row], 0));
    return new WholeTexts(
        ids,
        places,
        back,
        inverse,
        lengths,
        prefixes.stream().flatMapToLong(Arrays::stream).toArray());
  }

  /** L for texts of at most so many tokens. */
  static int longest(int tokens) {
    return PackedTexts.up(tokens, LENGTH_STEP);
  }

  /** By text the rows of its tokens. */
  private static List<long[]> rows(long[] blocks) {
    List<long[]> rows = new ArrayList<>();
    int at = 0;
    for (int block = 0; block < blocks.length; block += 4) {
      int first = (int) blocks[block];
      int prefix = (int) blocks[block + 1];
      int own = (int) blocks[block + 3];
      for (int text = 0; first >= 0 && text < blocks[block + 2]; text++) {
        long[] row = new long[prefix + own];
        int begin = at + text * own - prefix;
        Arrays.setAll(row, i -> i < prefix ? first + i : begin + i);
        rows.add(row);
      }
      at += (int) blocks[block + 2] * own;
    }
    return rows;
  }
}
