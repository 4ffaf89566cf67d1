package dev.rankspark.jobs;

import dev.rankspark.progress.Progress;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/** Progress in a log: a plain line a minute, none of a command that is done before. */
final class MinuteLines implements ProgressDisplay {
  static final Duration MINUTE = Duration.ofMinutes(1);

  private final ProgressWords words = new ProgressWords(System::nanoTime);
  private final PrintWriter log;
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "rankspark-progress");
            thread.setDaemon(true);
            return thread;
          });

  /**
   * @param every {@link #MINUTE} outside of tests
   */
  MinuteLines(PrintWriter log, Duration every) {
    this.log = log;
    ScheduledFuture<?> unused =
        clock.scheduleAtFixedRate(
            this::print, every.toMillis(), every.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void at(Progress now) {
    words.at(now);
  }

  private synchronized void print() {
    if (!clock.isShutdown() && !Interruption.happened()) {
      words
          .said()
          .ifPresent(
              said -> {
                log.println(said.line());
                log.flush();
              });
    }
  }

  @Override
  public synchronized void close() {
    clock.shutdownNow();
  }
}
