package dev.rankspark.jobs;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.security.AccessControlException;
import org.apache.hadoop.util.Progressable;

/**
 * Local files under {@code lossy:}, on a file system that loses answers, lists late, breaks off
 * reads, is full, or is no longer there: what {@link Script} says of each request. One script is
 * played at a time, for all threads.
 */
public final class LossyFileSystem extends RawLocalFileSystem {
  /** Of a file that breaks off one part in so many is read. */
  private static final int PART = 8;

  private static Script script = Script.NONE;

  /** What is asked of a file system. */
  enum Operation {
    CREATE,
    WRITE,
    CLOSE,
    RENAME,
    DELETE,
    LIST,
    OPEN;

    boolean isChange() {
      return this != LIST && this != OPEN;
    }
  }

  /** What becomes of a request. */
  enum Fault {
    NONE,
    /** Nothing has happened. */
    FAILED,
    /** It has happened, and the caller hears of a failure. */
    ANSWER_LOST,
    /** It has happened, and the caller hears {@code false}: of renames and deletions. */
    SAID_FALSE,
    /** Half of it happens, and nothing ever after, as where the process is killed. */
    DEATH,
    /** A write for which there is no room: the local file system says so by an error. */
    FULL,
    /** The user may not. */
    FORBIDDEN,
    /** An opened file that fails after its first part. */
    BREAKS_OFF,
    /** An opened file that ends after its first part; a listing that has nothing yet. */
    ENDS_EARLY
  }

  /** Says what becomes of each request. */
  static class Script {
    static final Script NONE = new Script(0);

    private final int lag;
    private final Map<Path, Integer> young = new HashMap<>();
    private final Map<FileStatus, Integer> gone = new HashMap<>();
    private boolean dead;

    /**
     * @param lag so many listings of a folder lack a new file, and have a deleted one
     */
    Script(int lag) {
      this.lag = lag;
    }

    /** What becomes of the next request. */
    Fault fault(Operation operation, Path path) {
      return Fault.NONE;
    }

    private synchronized Fault next(Operation operation, Path path) throws IOException {
      if (dead) {
        throw new IOException("nothing answers any more");
      }
      Fault fault = fault(operation, path);
      dead = fault == Fault.DEATH;
      return fault;
    }

    private synchronized void appeared(Path path) {
      young.put(path, lag);
    }

    private synchronized void disappeared(FileStatus file) {
      gone.put(file, lag);
    }

    private synchronized FileStatus[] late(Path folder, FileStatus[] found) {
      List<FileStatus> listed = new ArrayList<>();
      for (FileStatus file : found) {
        int hidden = young.getOrDefault(file.getPath(), 0);
        if (hidden == 0) {
          listed.add(file);
        } else {
          young.put(file.getPath(), hidden - 1);
        }
      }
      for (Iterator<Map.Entry<FileStatus, Integer>> files = gone.entrySet().iterator();
          files.hasNext(); ) {
        Map.Entry<FileStatus, Integer> file = files.next();
        if (file.getKey().getPath().getParent().equals(folder)) {
          if (file.getValue() > 0) {
            listed.add(file.getKey());
            file.setValue(file.getValue() - 1);
          } else {
            files.remove();
          }
        }
      }
      return listed.toArray(FileStatus[]::new);
    }
  }

  /** Makes paths of the scheme known. */
  static void install(Configuration hadoop) {
    hadoop.set("fs.lossy.impl", LossyFileSystem.class.getName());
    hadoop.setBoolean("fs.lossy.impl.disable.cache", true);
  }

  /** What happens from now on. */
  static synchronized void play(Script next) {
    script = next;
  }

  private static synchronized Script script() {
    return script;
  }

  @Override
  public URI getUri() {
    return URI.create("lossy:///");
  }

  @Override
  public String getScheme() {
    return "lossy";
  }

  @FunctionalInterface
  private interface Call<T> {
    T run() throws IOException;
  }

  private static Fault begin(Operation operation, Path path) throws IOException {
    Fault fault = script().next(operation, path);
    switch (fault) {
      case FAILED -> throw new IOException(operation + " has failed");
      case FORBIDDEN -> throw new AccessControlException("Permission denied: " + path.getName());
      case FULL -> throw full();
      default -> {
        return fault;
      }
    }
  }

  private static <T> T request(Operation operation, Path path, Call<T> call) throws IOException {
    return finish(begin(operation, path), operation, call);
  }

  private static <T> T finish(Fault fault, Operation operation, Call<T> call) throws IOException {
    if (fault == Fault.DEATH) {
      throw new IOException("killed");
    }
    T answer = call.run();
    if (fault == Fault.ANSWER_LOST) {
      throw new IOException("the answer to " + operation + " was lost");
    }
    return answer;
  }

  /** Its constructors are Hadoop's own. */
  private static FSError full() {
    try {
      Constructor<FSError> constructor = FSError.class.getDeclaredConstructor(Throwable.class);
      constructor.setAccessible(true);
      return constructor.newInstance(new IOException("No space left on device"));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public FSDataOutputStream create(
      Path path,
      boolean overwrite,
      int buffer,
      short replication,
      long block,
      Progressable progress)
      throws IOException {
    return request(
        Operation.CREATE,
        path,
        () ->
            new FSDataOutputStream(
                new Written(
                    path, super.create(path, overwrite, buffer, replication, block, progress)),
                null));
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    return done(
        Operation.RENAME,
        to,
        () -> {
          boolean renamed = super.rename(from, to);
          script().appeared(to);
          return renamed;
        });
  }

  @Override
  public boolean delete(Path path, boolean recursive) throws IOException {
    return done(
        Operation.DELETE,
        path,
        () -> {
          if (exists(path)) {
            script().disappeared(getFileStatus(path));
          }
          return super.delete(path, recursive);
        });
  }

  private static boolean done(Operation operation, Path path, Call<Boolean> call)
      throws IOException {
    Fault fault = begin(operation, path);
    return finish(fault, operation, call) && fault != Fault.SAID_FALSE;
  }

  @Override
  public FileStatus[] listStatus(Path path) throws IOException {
    Fault fault = begin(Operation.LIST, path);
    FileStatus[] listed =
        finish(
            fault,
            Operation.LIST,
            () -> {
              FileStatus[] found = super.listStatus(path);
              boolean isFile = found.length == 1 && found[0].getPath().equals(makeQualified(path));
              return isFile ? found : script().late(makeQualified(path), found);
            });
    return fault == Fault.ENDS_EARLY ? new FileStatus[0] : listed;
  }

  @Override
  public FSDataInputStream open(Path path, int buffer) throws IOException {
    Fault fault = begin(Operation.OPEN, path);
    if (fault == Fault.DEATH || fault == Fault.ANSWER_LOST) {
      throw new IOException("killed");
    }
    FSDataInputStream file = super.open(path, buffer);
    return fault == Fault.BREAKS_OFF || fault == Fault.ENDS_EARLY
        ? new FSDataInputStream(new Part(file, getFileStatus(path).getLen() / PART, fault))
        : file;
  }

  /** A file that is written. */
  private static final class Written extends FilterOutputStream {
    private final Path path;
    private boolean closed;

    Written(Path path, FSDataOutputStream out) {
      super(out);
      this.path = path;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int from, int count) throws IOException {
      if (begin(Operation.WRITE, path) == Fault.DEATH) {
        out.write(bytes, from, count / 2);
        out.close();
        closed = true;
        throw new IOException("killed");
      }
      out.write(bytes, from, count);
    }

    @Override
    public void close() throws IOException {
      if (!closed) {
        closed = true;
        try {
          request(
              Operation.CLOSE,
              path,
              () -> {
                out.close();
                return null;
              });
        } finally {
          out.close();
        }
      }
    }
  }

  /** The first part of a file. */
  private static final class Part extends FSInputStream {
    private final FSDataInputStream file;
    private final long end;
    private final Fault fault;

    Part(FSDataInputStream file, long end, Fault fault) {
      this.file = file;
      this.end = end;
      this.fault = fault;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
    }

    @Override
    public int read(byte[] to, int from, int length) throws IOException {
      long left = end - file.getPos();
      if (left <= 0) {
        if (fault == Fault.BREAKS_OFF) {
          throw new IOException("the connection was reset");
        }
        return -1;
      }
      return file.read(to, from, Math.toIntExact(Math.min(length, left)));
    }

    @Override
    public void seek(long position) throws IOException {
      file.seek(position);
    }

    @Override
    public long getPos() throws IOException {
      return file.getPos();
    }

    @Override
    public boolean seekToNewSource(long target) {
      return false;
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
