package dev.rankspark.distributed;

/** Another worker cannot go on and has said why itself; this one, without a fault, stops too. */
public final class StoppedByOtherException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public StoppedByOtherException(String when) {
    super(when + ": another worker stopped");
  }
}
