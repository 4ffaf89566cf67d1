package dev.rankspark.jobs;

import dev.rankspark.cluster.Sessions;
import dev.rankspark.cluster.Signals;
import dev.rankspark.files.Unfinished;
import java.io.PrintWriter;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.config.Configurator;

/**
 * Ctrl-C and {@code kill}: the command ends with one line and the exit code of a shell, and its
 * hidden files are gone. A second signal ends the process at once.
 */
final class Interruption {
  /**
   * How long the command may take to end by itself, once its Spark jobs are cancelled. Longer than
   * {@link dev.rankspark.model.NativeCalls} waits for a batch that is computed.
   */
  private static final long LIMIT_MILLIS = 20_000;

  /** After Spark's own hooks, before Hadoop closes its file systems (priority 10). */
  private static final int HOOK_PRIORITY = 11;

  private enum Signal {
    INT(130, "SIGINT (Ctrl-C)"),
    TERM(143, "SIGTERM");

    private final int exitCode;
    private final String shown;

    Signal(int exitCode, String shown) {
      this.exitCode = exitCode;
      this.shown = shown;
    }
  }

  private static final AtomicReference<Signal> RECEIVED = new AtomicReference<>();

  private Interruption() {}

  /** Takes both signals over, for a process that is this command's own. */
  static void handle(PrintWriter err) {
    for (Signal signal : Signal.values()) {
      Signals.handle(signal.name(), () -> stop(signal, err));
    }
  }

  /** Whether a signal came: whatever fails from then on is no news. */
  static boolean happened() {
    return RECEIVED.get() != null;
  }

  /** Ends the process, by the signal that came or by the command's code. */
  static void exit(int code, PrintWriter err) {
    Signal signal = RECEIVED.get();
    if (signal == null) {
      System.exit(code);
    } else {
      Unfinished.deleteAll();
      say(signal, err);
      System.exit(signal.exitCode);
    }
  }

  private static void stop(Signal signal, PrintWriter err) {
    if (!RECEIVED.compareAndSet(null, signal)) {
      return;
    }
    Configurator.setAllLevels(LogManager.ROOT_LOGGER_NAME, Level.OFF);
    Unfinished.stop();
    ShutdownHookManager.get().addShutdownHook(Unfinished::deleteAll, HOOK_PRIORITY);
    Sessions.running().ifPresent(session -> session.sparkContext().cancelAllJobs());
    try {
      Thread.sleep(LIMIT_MILLIS); // the main thread ends the process, in a fraction of it
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Unfinished.deleteAll();
    say(signal, err);
    Runtime.getRuntime().halt(signal.exitCode);
  }

  private static void say(Signal signal, PrintWriter err) {
    err.println(
        "rankspark: stopped by " + signal.shown + "; nothing unfinished was published or left");
    err.flush();
  }
}
