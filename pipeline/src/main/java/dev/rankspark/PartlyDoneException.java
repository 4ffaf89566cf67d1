package dev.rankspark;

/**
 * A command published some of its outputs, whole, and could not publish the others. The message is
 * one line that names both and says how to get the rest. Commands print it and exit with 4.
 */
public class PartlyDoneException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public PartlyDoneException(String message, Throwable cause) {
    super(message, cause);
  }
}
