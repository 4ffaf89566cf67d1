package dev.rankspark;

import java.util.Locale;

/**
 * An option's value, or a combination of options, is wrong. Commands print the message and exit
 * with 2.
 */
public class OptionException extends InputException {
  private static final long serialVersionUID = 1L;

  public OptionException(String message) {
    super(message);
  }

  /** A message by {@link String#format}, in {@link Locale#ROOT}. */
  public static OptionException of(String format, Object... args) {
    return new OptionException(String.format(Locale.ROOT, format, args));
  }
}
