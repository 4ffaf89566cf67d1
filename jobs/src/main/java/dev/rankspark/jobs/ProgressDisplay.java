package dev.rankspark.jobs;

import dev.rankspark.progress.ByteCount;
import dev.rankspark.progress.Progress;
import dev.rankspark.progress.ProgressListener;

/** What a command shows while it runs of how far it is; closed before it says what came of it. */
interface ProgressDisplay extends ProgressListener, AutoCloseable {
  /** Shows nothing. */
  ProgressDisplay NONE = now -> {};

  /** Takes away what moves. */
  @Override
  default void close() {}

  /** Likewise, of bytes that are counted. */
  default ByteCount bytes(String title) {
    return (done, all) -> at(new Progress.Bytes(title, done, all));
  }
}
