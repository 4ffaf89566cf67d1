package dev.rankspark.jobs;

import java.time.temporal.ChronoUnit;
import java.util.Optional;
import me.tongfei.progressbar.DefaultProgressBarRenderer;
import me.tongfei.progressbar.ProgressBarStyle;
import me.tongfei.progressbar.ProgressState;

/**
 * The library's bar with our words behind it: as many as leave room for a bar, or, on a narrow
 * terminal, words alone. Its characters are ASCII's, without colours.
 */
final class ProgressBarWords extends DefaultProgressBarRenderer {
  private static final int LONGEST_TITLE = 60;

  private static final int LEAST_BAR = 8;

  /** What the library has between title and bar: {@code " 100% ["}. */
  private static final int BEFORE_BAR = 7;

  /** And between bar and words. */
  private static final int AFTER_BAR = 2;

  /** The library ends with the time since the bar began; the words have what matters of it. */
  private static final String TIME = " \\(\\d+:\\d\\d:\\d\\d\\) $";

  private static final int TIME_LENGTH = " (0:00:00) ".length();

  private final ProgressWords words;
  private String behindBar = "";

  ProgressBarWords(ProgressWords words) {
    super(
        ProgressBarStyle.ASCII,
        /* unitName= */ "",
        /* unitSize= */ 1,
        /* isSpeedShown= */ false,
        /* speedFormat= */ null,
        ChronoUnit.SECONDS,
        /* isEtaShown= */ false,
        state -> Optional.empty());
    this.words = words;
  }

  /** A title, which may name a path, without its middle. */
  static String shortened(String title) {
    int half = LONGEST_TITLE / 2;
    return title.length() <= LONGEST_TITLE
        ? title
        : title.substring(0, half) + "..." + title.substring(title.length() - half + 3);
  }

  @Override
  public synchronized String render(ProgressState state, int columns) {
    Optional<ProgressWords.Said> said = words.said();
    if (said.isEmpty()) {
      return "";
    }
    int room = columns - state.getTaskName().length() - BEFORE_BAR - AFTER_BAR - LEAST_BAR;
    behindBar = said.get().within(room);
    if (behindBar.isEmpty()) {
      String percent = state.isIndefinite() ? "" : percentage(state).strip();
      String alone = said.get().within(columns - percent.length() - 1);
      return percent.length() > columns ? "" : (percent + " " + alone).strip();
    }
    return super.render(state, columns + TIME_LENGTH).replaceFirst(TIME, "");
  }

  @Override
  protected String ratio(ProgressState state) {
    return behindBar;
  }
}
