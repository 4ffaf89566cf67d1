package dev.rankspark.train;

import dev.rankspark.InputException;

/** A checkpoint's content is not what was written; the file system is well. */
final class BrokenCheckpointException extends InputException {
  private static final long serialVersionUID = 1L;

  BrokenCheckpointException(String message, Throwable cause) {
    super(message, cause);
  }

  static BrokenCheckpointException of(String path, String format, Object... args) {
    return new BrokenCheckpointException(
        path + ": " + InputException.of(format, args).getMessage(), null);
  }
}
