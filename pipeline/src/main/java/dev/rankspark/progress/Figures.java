package dev.rankspark.progress;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;

/** Figures as a person reads them. */
public final class Figures {
  private static final long MINUTE = 60;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;

  /** From here on a time has no seconds, or no minutes: they are no news. */
  private static final long SECONDS_UNTIL = 10 * MINUTE;

  private static final long MINUTES_UNTIL = 2 * DAY;

  private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB"};

  private Figures() {}

  /**
   * A rate with two digits, or whole: 0.053, 1.2, 12, 1,234. Only what is nothing is 0.
   *
   * @param perSecond 0 or more
   */
  public static String rate(double perSecond) {
    return rate(perSecond, 2);
  }

  /** Likewise, of what was measured for long: with three digits, 0.0533, 1.23, 12.3, 1,234. */
  public static String measuredRate(double perSecond) {
    return rate(perSecond, 3);
  }

  private static String rate(double perSecond, int digits) {
    if (!Double.isFinite(perSecond) || perSecond <= 0) {
      return "0";
    }
    if (perSecond >= Math.pow(10, digits) - 0.5) {
      return String.format(Locale.ROOT, "%,.0f", perSecond);
    }
    return new BigDecimal(perSecond)
        .round(new MathContext(digits, RoundingMode.HALF_UP))
        .toPlainString();
  }

  /** A time: 41 s, 4 min 10 s, 12 min, 1 h 05 min, 3 d 04 h. */
  public static String time(double seconds) {
    long whole = Math.max(0, Math.round(seconds));
    if (whole < MINUTE) {
      return whole + " s";
    }
    if (whole < SECONDS_UNTIL) {
      return String.format(Locale.ROOT, "%d min %02d s", whole / MINUTE, whole % MINUTE);
    }
    long minutes = Math.round(whole / (double) MINUTE);
    if (minutes < HOUR / MINUTE) {
      return minutes + " min";
    }
    if (whole < MINUTES_UNTIL) {
      return String.format(Locale.ROOT, "%d h %02d min", minutes / 60, minutes % 60);
    }
    long hours = Math.round(whole / (double) HOUR);
    return String.format(Locale.ROOT, "%d d %02d h", hours / 24, hours % 24);
  }

  /** Bytes of all, in the unit of all: 3.1 of 13.5 GB. */
  public static String bytes(long done, long all) {
    int unit = unit(all);
    return number(done, unit) + " of " + number(all, unit) + " " + UNITS[unit];
  }

  /** Bytes: 13.5 GB. */
  public static String bytes(long bytes) {
    int unit = unit(bytes);
    return number(bytes, unit) + " " + UNITS[unit];
  }

  private static int unit(long bytes) {
    int unit = 0;
    while (unit < UNITS.length - 1 && bytes >= 999.95 * Math.pow(1000, unit)) {
      unit++;
    }
    return unit;
  }

  private static String number(long bytes, int unit) {
    return String.format(Locale.ROOT, unit == 0 ? "%.0f" : "%.1f", bytes / Math.pow(1000, unit));
  }
}
