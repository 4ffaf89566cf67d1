package dev.rankspark.progress;

/**
 * Told how far a job is: by any thread, one call at a time, as often as there is something new. It
 * must return soon.
 */
@FunctionalInterface
public interface ProgressListener {
  /** Nobody listens. */
  ProgressListener NONE = now -> {};

  /** Told anew. */
  void at(Progress now);
}
