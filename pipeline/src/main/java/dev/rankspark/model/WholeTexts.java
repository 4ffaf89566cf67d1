package dev.rankspark.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Some texts, the tokens that several begin with once, and where attention finds each text from its
 * first token on, as the program {@code trainer.py} takes it: texts of unlike lengths as one array
 * (R, L). A token that several texts begin with has a place in each.
 *
 * @param texts how many
 * @param ids (N) the tokens, and zeros up to a multiple of {@value #ROW_STEP}; the last row is no
 *     token
 * @param ends (R) the row of each text's last token, and zeros up to a multiple of {@value
 *     PackedTexts#TEXT_STEP}
 * @param places (R * L) the row of each text's tokens; beyond its end the last row
 * @param firstPlaces as {@code places}, but only the first of the texts that share a token has it:
 *     from where a token's output goes there
 * @param inverse (N) for each row its first place
 * @param lengths (R) the texts' lengths; 1 for rows that {@code ends} has beyond the texts
 * @param prefixes that several texts share
 */
record WholeTexts(
    int texts,
    long[] ids,
    long[] ends,
    long[] places,
    long[] firstPlaces,
    long[] inverse,
    long[] lengths,
    List<Prefix> prefixes) {

  // Steps of N and of L: the fewer there are, the fewer programs oneDNN compiles and keeps.
  private static final int ROW_STEP = 64;

  private static final int LENGTH_STEP = 16;

  /**
   * What texts that follow one another begin with.
   *
   * @param row of its first token
   * @param length in tokens
   * @param text the first that has it
   * @param count how many texts have it
   */
  record Prefix(int row, int length, int text, int count) {}

  /**
   * Texts that begin alike.
   *
   * @param prefix how many tokens they share; less than the length of any
   * @param texts ids of whole texts
   */
  record Alike(int prefix, List<long[]> texts) {
    int tokens() {
      return prefix + texts.stream().mapToInt(text -> text.length - prefix).sum();
    }
  }

  /** Lays texts out, of which there is at least one. */
  static WholeTexts of(List<Alike> groups) {
    List<long[]> all = groups.stream().flatMap(group -> group.texts.stream()).toList();
    int tokens = groups.stream().mapToInt(Alike::tokens).sum();
    int longest = longest(all.stream().mapToInt(text -> text.length).max().orElseThrow());
    int rows = PackedTexts.up(all.size(), PackedTexts.TEXT_STEP);
    long[] ids = new long[PackedTexts.up(tokens + 1, ROW_STEP)];
    long[] ends = new long[rows];
    long[] places = new long[rows * longest];
    Arrays.fill(places, ids.length - 1);
    long[] firstPlaces = places.clone();
    long[] inverse = new long[ids.length];
    long[] lengths = new long[rows];
    Arrays.fill(lengths, 1);
    List<Prefix> prefixes = new ArrayList<>();
    int row = 0;
    int text = 0;
    for (Alike group : groups) {
      int prefixRow = row;
      if (group.prefix > 0 && group.texts.size() > 1) {
        prefixes.add(new Prefix(row, group.prefix, text, group.texts.size()));
      }
      row += group.prefix;
      for (int i = 0; i < group.texts.size(); i++, text++) {
        long[] tokensOfText = group.texts.get(i);
        lengths[text] = tokensOfText.length;
        for (int at = 0; at < tokensOfText.length; at++) {
          boolean shared = at < group.prefix;
          int own = shared ? prefixRow + at : row++;
          int place = text * longest + at;
          places[place] = own;
          if (!shared || i == 0) {
            ids[own] = tokensOfText[at];
            firstPlaces[place] = own;
            inverse[own] = place;
          }
        }
        ends[text] = row - 1L;
      }
    }
    return new WholeTexts(
        all.size(), ids, ends, places, firstPlaces, inverse, lengths, List.copyOf(prefixes));
  }

  /** L for texts of at most so many tokens. */
  static int longest(int tokens) {
    return PackedTexts.up(tokens, LENGTH_STEP);
  }
}
