package dev.rankspark.python;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Pattern;

/** Python's {@code float}: how it prints and what it reads. */
public final class PythonFloat {
  /**
   * {@code repr} writes an exponent below 1e-4 and from 1e16 on ({@code float_repr_style} short).
   */
  private static final int LARGEST_PLAIN_EXPONENT = 16;

  private static final int SMALLEST_PLAIN_EXPONENT = -4;

  private static final Pattern NUMBER =
      Pattern.compile(
          "[+-]?(?:\\d(?:_?\\d)*\\.?(?:\\d(?:_?\\d)*)?|\\.\\d(?:_?\\d)*)(?:[eE][+-]?\\d(?:_?\\d)*)?");

  private PythonFloat() {}

  /** {@code repr(value)}: the shortest digits that read back as the same number. */
  public static String repr(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    String sign = Double.doubleToRawLongBits(value) < 0 ? "-" : "";
    if (value == 0) {
      return sign + "0.0";
    }
    String few = ofFewDigits(Math.abs(value));
    if (few != null) {
      return sign + few;
    }
    BigDecimal shortest = shortest(Math.abs(value));
    String digits = shortest.unscaledValue().toString();
    int exponent = digits.length() - shortest.scale() - 1;
    if (exponent < SMALLEST_PLAIN_EXPONENT || exponent >= LARGEST_PLAIN_EXPONENT) {
      String fraction = digits.length() == 1 ? "" : "." + digits.substring(1);
      return String.format(
          Locale.ROOT,
          "%s%s%se%s%02d",
          sign,
          digits.charAt(0),
          fraction,
          exponent < 0 ? "-" : "+",
          Math.abs(exponent));
    }
    String plain = shortest.toPlainString();
    return sign + plain + (plain.indexOf('.') < 0 ? ".0" : "");
  }

  /**
   * Most scores: a number that has at most six digits behind its point, and so few before it that
   * nothing is lost where it is multiplied; much faster than by {@link #shortest}. A whole number
   * divided by a power of ten, both exact, is rounded to the double that reads its digits.
   *
   * @return null for all others
   */
  private static String ofFewDigits(double value) {
    if (value < 1e-3 || value >= 1e6) {
      return null;
    }
    long power = 1;
    for (int digits = 0; digits <= 6; digits++, power *= 10) {
      long whole = Math.round(value * power);
      if ((double) whole / power == value) {
        String fraction = Long.toString(whole % power);
        return whole / power + "." + "0".repeat(Math.max(0, digits - fraction.length())) + fraction;
      }
    }
    return null;
  }

  /**
   * Java 17's {@code Double.toString} is not always the shortest (JDK-4511638): count digits up.
   */
  private static BigDecimal shortest(double value) {
    BigDecimal exact = new BigDecimal(value);
    for (int digits = 1; ; digits++) {
      BigDecimal rounded = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
      if (rounded.doubleValue() == value) {
        return rounded.stripTrailingZeros();
      }
    }
  }

  /**
   * {@code float(text)}.
   *
   * @throws NumberFormatException for what Python refuses, such as Java's {@code 1f} and {@code
   *     0x1p3}
   */
  public static double parse(String text) {
    String number = PythonText.strip(text);
    if (NUMBER.matcher(number).matches()) {
      return Double.parseDouble(number.replace("_", ""));
    }
    double sign = number.startsWith("-") ? -1 : 1;
    return switch (number.replaceFirst("^[+-]", "").toLowerCase(Locale.ROOT)) {
      case "nan" -> Double.NaN;
      case "inf", "infinity" -> sign * Double.POSITIVE_INFINITY;
      default -> throw new NumberFormatException("not a number: \"" + text + "\"");
    };
  }
}
