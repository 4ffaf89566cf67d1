package dev.rankspark.progress;

/** Told how many bytes of all are read or written. */
@FunctionalInterface
public interface ByteCount {
  /** Nobody listens. */
  ByteCount NONE = (done, all) -> {};

  /** Told anew, by one thread. */
  void at(long done, long all);
}
