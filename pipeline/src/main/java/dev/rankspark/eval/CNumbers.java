package dev.rankspark.eval;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Numbers as C's library reads, prints and computes them for trec_eval, on x86-64. */
final class CNumbers {
  /** C's {@code isspace}, which is less than Java's {@code \s} and Python's together. */
  private static final String SPACES = "[ \\t\\n\\x0B\\f\\r]*";

  private static final Pattern WHOLE = Pattern.compile(SPACES + "([+-]?[0-9]+)");

  private static final Pattern REAL =
      Pattern.compile(
          SPACES
              + "([+-]?(?:inf|nan"
              + "|(?<hex>0x(?:[0-9a-f]+\\.?[0-9a-f]*|\\.[0-9a-f]+)(?<power>p[+-]?[0-9]+)?)"
              + "|(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:e[+-]?[0-9]+)?))",
          Pattern.CASE_INSENSITIVE);

  private static final double LOG2_E = 1 / Math.log(2);

  /** What a double cannot hold of log2(e). */
  private static final double LOG2_E_LOW = 2.0355273740931033e-17;

  private static final double SQRT_HALF = Math.sqrt(0.5);

  private CNumbers() {}

  /** {@code atol}: the number that the text begins with; 0 if it begins with none. */
  static long atol(String text) {
    Matcher matcher = WHOLE.matcher(text);
    if (!matcher.lookingAt()) {
      return 0;
    }
    BigInteger exact = new BigInteger(matcher.group(1));
    return exact.bitLength() < Long.SIZE
        ? exact.longValue()
        : exact.signum() > 0 ? Long.MAX_VALUE : Long.MIN_VALUE;
  }

  /** {@code atof}: likewise, with hexadecimal numbers, {@code inf} and {@code nan}. */
  static double atof(String text) {
    Matcher matcher = REAL.matcher(text);
    if (!matcher.lookingAt()) {
      return 0;
    }
    String number = matcher.group(1);
    if (number.matches("(?i)[+-]?nan")) {
      return Double.NaN;
    }
    if (number.matches("(?i)[+-]?inf")) {
      return number.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
    }
    boolean needsPower = matcher.group("hex") != null && matcher.group("power") == null;
    return Double.parseDouble(needsPower ? number + "p0" : number);
  }

  /**
   * {@code printf("%.Nf")}: the exact binary value, halves to even, where Java's own {@code %.4f}
   * rounds halves up; the sign of a negative number stays though it rounds to 0.
   */
  static String fixed(double value, int decimals) {
    if (Double.isNaN(value)) {
      // What the processor makes of 0/0 has its sign bit set, and C prints that bit.
      return "-nan";
    }
    String sign = Double.doubleToRawLongBits(value) < 0 ? "-" : "";
    if (Double.isInfinite(value)) {
      return sign + "inf";
    }
    return sign
        + new BigDecimal(Math.abs(value))
            .setScale(decimals, RoundingMode.HALF_EVEN)
            .toPlainString();
  }

  /**
   * {@code log2}, to the last bit for the first 3,392 ranks at least; the quotient of two {@code
   * Math.log} is another number for a third of them. With m in [0.7, 1.42), number = 2^e m and s =
   * (m - 1) / (m + 1), it is e + 2 atanh(s) / ln 2, with the rounding errors carried along.
   */
  static double log2(int number) {
    int exponent = Math.getExponent(number * SQRT_HALF) + 1;
    double m = Math.scalb((double) number, -exponent);
    double s = (m - 1) / (m + 1);
    double error = Math.fma(-s, m + 1, m - 1) / (m + 1);
    double tail = 0; // atanh(s) - s; the 41st power of s, below 0.18, is nothing beside it
    for (int power = 41; power >= 3; power -= 2) {
      tail = (tail + 1.0 / power) * s * s;
    }
    double high = 2 * s * LOG2_E;
    double low =
        Math.fma(2 * s, LOG2_E, -high) + 2 * s * LOG2_E_LOW + 2 * (error + s * tail) * LOG2_E;
    double sum = exponent + high;
    return sum + (high - (sum - exponent) + low);
  }
}
