package dev.rankspark.hub;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;

/**
 * Ends a read that waits too long, which Java's HTTP client does not: a connection that died
 * without a word would hold a download for ever. The stream is closed then, and the read fails.
 */
final class Patience implements AutoCloseable {
  private final InputStream stream;
  private final long limitNanos;
  private final Thread thread;
  private volatile long heard = System.nanoTime();
  private volatile boolean isLost;

  Patience(InputStream stream, Duration limit) {
    this.stream = stream;
    this.limitNanos = limit.toNanos();
    this.thread = new Thread(this::watch, "hub-patience");
    thread.setDaemon(true);
    thread.start();
  }

  /** Bytes came. */
  void heard() {
    heard = System.nanoTime();
  }

  /** Whether the stream was closed because none came. */
  boolean isLost() {
    return isLost;
  }

  private void watch() {
    try {
      while (true) {
        long left = limitNanos - (System.nanoTime() - heard);
        if (left <= 0) {
          isLost = true;
          stream.close();
          return;
        }
        Thread.sleep(left / 1_000_000 + 1);
      }
    } catch (InterruptedException e) {
      // done
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
