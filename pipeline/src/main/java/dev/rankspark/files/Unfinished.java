package dev.rankspark.files;

import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The hidden files and folders of this process that outputs are written to before they appear. A
 * command that a signal stops may be anywhere; by this it leaves none of them behind.
 */
public final class Unfinished {
  private static final Set<Entry> ENTRIES = ConcurrentHashMap.newKeySet();

  private static final int TIMES = 20;
  private static final int PAUSE_MILLIS = 100;

  private static volatile boolean stopped;

  private record Entry(FileSystem system, Path path) {}

  private Unfinished() {}

  /** A hidden path that is about to be written. */
  public static void add(FileSystem system, Path path) {
    check();
    ENTRIES.add(new Entry(system, path));
  }

  /** A hidden path that was published or deleted. */
  public static void remove(FileSystem system, Path path) {
    if (!stopped) { // a thread that goes on may make it again
      ENTRIES.remove(new Entry(system, path));
    }
  }

  /** From now on nothing is written and nothing published. */
  public static void stop() {
    stopped = true;
  }

  /** Called before each write and before what is written appears. */
  static void check() {
    if (stopped) {
      throw new CancellationException("the command was stopped");
    }
  }

  /**
   * Deletes what is there, and again what tasks that are still running make meanwhile; what cannot
   * be deleted stays.
   */
  public static void deleteAll() {
    for (int i = 0; i < TIMES && deleteOnce(); i++) {
      try {
        Thread.sleep(PAUSE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  /** Whether something was there. */
  private static boolean deleteOnce() {
    boolean found = false;
    for (Entry entry : ENTRIES) {
      try {
        found |= entry.system().delete(entry.path(), true /* recursively */);
      } catch (IOException | RuntimeException | FSError e) {
        // the process ends, and there is no better way
      }
    }
    return found;
  }
}
