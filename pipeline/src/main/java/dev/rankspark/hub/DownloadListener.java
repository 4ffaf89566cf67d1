package dev.rankspark.hub;

/** Told how a download goes; by one thread at a time. */
public interface DownloadListener {
  /** Does nothing. */
  DownloadListener NONE = new DownloadListener() {};

  /**
   * A file begins to come.
   *
   * @param repository its name
   * @param bytes of the file
   * @param there of them, from a download that was cut before
   */
  default void begins(String repository, String file, long bytes, long there) {}

  /**
   * Bytes came.
   *
   * @param bytes since the last call; below 0 where some have to come again
   */
  default void advanced(long bytes) {}

  /** The file is there, or its download failed. */
  default void ended() {}

  /** What a person should know: a line without an end. */
  default void note(String line) {}
}
