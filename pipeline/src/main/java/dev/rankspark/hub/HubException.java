package dev.rankspark.hub;

import dev.rankspark.InputException;

/** A hub that refuses, or that cannot be reached. */
final class HubException extends InputException {
  private static final long serialVersionUID = 1L;

  /** Whether what is in the cache may do instead, and whether the same question may be answered. */
  private enum Kind {
    /** The repository has no such revision or file: the cache is no substitute. */
    ABSENT,
    /** The user may not, or there is no such repository. */
    REFUSED,
    /** Nothing was to be had, and will not be in a second either. */
    UNAVAILABLE,
    /** Another try may do. */
    PASSING
  }

  private final Kind kind;

  private HubException(String message, Throwable cause, Kind kind) {
    super(message, cause);
    this.kind = kind;
  }

  static HubException absent(String message) {
    return new HubException(message, null, Kind.ABSENT);
  }

  static HubException refused(String message) {
    return new HubException(message, null, Kind.REFUSED);
  }

  static HubException unavailable(String message, Throwable cause) {
    return new HubException(message, cause, Kind.UNAVAILABLE);
  }

  static HubException passing(String message, Throwable cause) {
    return new HubException(message, cause, Kind.PASSING);
  }

  /** Whether another try may do. */
  boolean isPassing() {
    return kind == Kind.PASSING;
  }

  /** Whether files that were fetched before may be taken, as transformers does. */
  boolean letsCacheServe() {
    return kind != Kind.ABSENT;
  }
}
