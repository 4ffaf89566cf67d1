package dev.rankspark;

import java.util.Locale;

/**
 * Something that the user gave is wrong: a line of a file, a checkpoint, a path. The message is one
 * line that a person can act on: where, what was expected, what was found, what to do. Commands
 * print it and exit with 3.
 */
public class InputException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public InputException(String message) {
    super(message);
  }

  public InputException(String message, Throwable cause) {
    super(message, cause);
  }

  /** A message by {@link String#format}, in {@link Locale#ROOT}. */
  public static InputException of(String format, Object... args) {
    return new InputException(String.format(Locale.ROOT, format, args));
  }
}
