package dev.rankspark.hub;

import com.sun.jna.Library;
import com.sun.jna.Native;
import dev.rankspark.files.NativeFolders;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/**
 * A lock on a file that other processes see, Python's among them: its {@code filelock} takes {@code
 * flock(2)}, which Java's own locks of files neither see nor are seen by. Where there is no such
 * lock (some file systems), nothing is held, and whoever writes takes a file of its own.
 */
final class HubLock implements AutoCloseable {
  private static final int READ_WRITE = 2;
  private static final int EXCLUSIVE_NOW = 2 | 4;

  /** {@code EINTR} and {@code EWOULDBLOCK}, of Linux and of macOS. */
  private static final int INTERRUPTED = 4;

  private static final int HELD_LINUX = 11;
  private static final int HELD_MAC = 35;

  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

  private static final int NONE = -1;

  /** Of the C library. */
  interface C extends Library {
    int open(String path, int flags, Object... mode);

    int flock(int file, int operation);

    int close(int file);
  }

  private static final class Loaded {
    static final C LIBRARY = load();

    private static C load() {
      NativeFolders.temporary(); // JNA unpacks a library of its own
      return Native.load("c", C.class, Map.of(Library.OPTION_STRING_ENCODING, "UTF-8"));
    }
  }

  private int file;

  private HubLock(int file) {
    this.file = file;
  }

  /**
   * Waits until the lock is this process's.
   *
   * @param waiting told once, when another has it
   */
  static HubLock acquire(Path path, Runnable waiting) throws IOException {
    try {
      boolean told = false;
      while (true) {
        int file = tryOpen(path);
        if (file == NONE) {
          return new HubLock(NONE);
        }
        if (tryLock(file)) {
          HubLock lock = new HubLock(file);
          if (lock.isStillThere(path)) {
            return lock;
          }
          lock.close(); // its file was removed meanwhile: others lock another
          continue;
        }
        close(file);
        if (!told) {
          waiting.run();
          told = true;
        }
        Thread.sleep(LOOK_AGAIN.toMillis());
      }
    } catch (Unsupported | LinkageError e) {
      return new HubLock(NONE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while another process had " + path, e);
    }
  }

  /** Whether there is a lock. */
  boolean isHeld() {
    return file != NONE;
  }

  private static int tryOpen(Path path) {
    try {
      Files.createDirectories(path.getParent());
      Files.createFile(path);
    } catch (FileAlreadyExistsException e) {
      // as it should be from the second time on
    } catch (IOException e) {
      return NONE;
    }
    return Loaded.LIBRARY.open(path.toString(), READ_WRITE);
  }

  private static boolean tryLock(int file) throws Unsupported {
    while (true) {
      int error = flock(file);
      if (error == 0) {
        return true;
      }
      if (error == HELD_LINUX || error == HELD_MAC) {
        return false;
      }
      if (error != INTERRUPTED) {
        close(file);
        throw new Unsupported();
      }
    }
  }

  private static int flock(int file) {
    int result = Loaded.LIBRARY.flock(file, EXCLUSIVE_NOW);
    return result == 0 ? 0 : Native.getLastError();
  }

  /** A second lock on the name is refused as long as the name is that of the locked file. */
  private boolean isStillThere(Path path) throws Unsupported {
    int again = tryOpen(path);
    if (again == NONE) {
      return false;
    }
    boolean isAnother = tryLock(again);
    close(again);
    return !isAnother;
  }

  private static void close(int file) {
    int ignored = Loaded.LIBRARY.close(file);
  }

  @Override
  public void close() {
    if (file != NONE) {
      close(file); // and with it the lock
      file = NONE;
    }
  }

  private static final class Unsupported extends Exception {
    private static final long serialVersionUID = 1L;
  }
}
