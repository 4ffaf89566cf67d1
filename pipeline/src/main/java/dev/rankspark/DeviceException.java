package dev.rankspark;

/**
 * The cluster or a device cannot do what was asked: a GPU that is not there, a dtype that it does
 * not know. The message is one line that says what is there instead. Commands print it and exit
 * with 5.
 */
public class DeviceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public DeviceException(String message) {
    super(message);
  }

  public DeviceException(String message, Throwable cause) {
    super(message, cause);
  }
}
