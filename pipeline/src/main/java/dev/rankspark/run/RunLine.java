package dev.rankspark.run;

import java.util.regex.Pattern;

/**
 * One line of a run.
 *
 * @param score finite, higher is better; of a line that gives a rank alone, its reciprocal
 * @param scoreText the column that it was read from
 * @param format what the line's columns were taken for, never {@link RunFormat#AUTO}
 * @param tag the first word of the sixth column; {@link Run#NO_TAG} where there is none
 */
public record RunLine(
    String qid, String docid, double score, String scoreText, RunFormat format, String tag) {

  private static final Pattern RANK = Pattern.compile("\\+?0*([1-9][0-9]{0,17})");

  /** Its third of three columns as a rank; 0 if it can be none, or there are other columns. */
  public long rank() {
    return format == RunFormat.TEVATRON || format == RunFormat.MARCO ? rank(scoreText) : 0;
  }

  /** A whole number from 1; 0 for all other texts. */
  static long rank(String text) {
    var rank = RANK.matcher(text);
    return rank.matches() ? Long.parseLong(rank.group(1)) : 0;
  }
}
