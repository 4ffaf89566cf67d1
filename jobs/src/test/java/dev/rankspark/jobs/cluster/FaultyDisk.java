package dev.rankspark.jobs.cluster;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;
import org.apache.spark.TaskContext;

/**
 * Local files under {@code disk:}, for the processes of a cluster: a disk that is full while a file
 * lies there, on which the first two attempts of one task fail, and the first attempt of another
 * one is slow.
 */
public final class FaultyDisk extends RawLocalFileSystem {
  private static final String FULL = "fs.disk.full";
  private static final String FAILING = "fs.disk.failing.partition";
  private static final String SLOW = "fs.disk.slow.partition";

  /** No task. */
  static final int NONE = -1;

  private static final Duration PAUSE = Duration.ofSeconds(8);

  /**
   * Settings of a job that sees the disk.
   *
   * @param folder for the jar with this class
   * @param full the file
   * @param failing the number of the task that fails, or {@link #NONE}
   * @param slow the number of the task that is slow, likewise
   */
  static Map<String, String> settings(
      java.nio.file.Path folder, java.nio.file.Path full, int failing, int slow) {
    return Map.of(
        "spark.jars",
        jar(folder).toString(),
        "spark.hadoop.fs.disk.impl",
        FaultyDisk.class.getName(),
        "spark.hadoop." + FULL,
        full.toString(),
        "spark.hadoop." + FAILING,
        Integer.toString(failing),
        "spark.hadoop." + SLOW,
        Integer.toString(slow));
  }

  private static java.nio.file.Path jar(java.nio.file.Path folder) {
    java.nio.file.Path jar = folder.resolve("disk.jar");
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
      for (Class<?> type : new Class<?>[] {FaultyDisk.class, UntilFull.class}) {
        String name = type.getName().replace('.', '/') + ".class";
        out.putNextEntry(new JarEntry(name));
        try (InputStream in = type.getClassLoader().getResourceAsStream(name)) {
          in.transferTo(out);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return jar;
  }

  @Override
  public URI getUri() {
    return URI.create("disk:///");
  }

  @Override
  public String getScheme() {
    return "disk";
  }

  @Override
  public FSDataOutputStream create(
      Path path,
      FsPermission permission,
      boolean overwrite,
      int buffer,
      short replication,
      long block,
      Progressable progress)
      throws IOException {
    checkTask();
    return limited(super.create(path, permission, overwrite, buffer, replication, block, progress));
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
    checkTask();
    return limited(super.create(path, overwrite, buffer, replication, block, progress));
  }

  private void checkTask() throws IOException {
    TaskContext task = TaskContext.get();
    if (task == null) {
      return;
    }
    if (task.partitionId() == getConf().getInt(FAILING, NONE) && task.attemptNumber() < 2) {
      throw new IOException("attempt " + task.attemptNumber() + " may not write");
    }
    if (task.partitionId() == getConf().getInt(SLOW, NONE) && task.attemptNumber() == 0) {
      try {
        Thread.sleep(PAUSE.toMillis());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException();
      }
    }
  }

  private FSDataOutputStream limited(OutputStream out) throws IOException {
    return new FSDataOutputStream(
        new UntilFull(out, java.nio.file.Path.of(getConf().get(FULL))), null);
  }

  private static final class UntilFull extends FilterOutputStream {
    private final java.nio.file.Path full;

    UntilFull(OutputStream out, java.nio.file.Path full) {
      super(out);
      this.full = full;
    }

    private void check() throws IOException {
      if (Files.exists(full)) {
        throw new IOException("No space left on device");
      }
    }

    @Override
    public void write(int b) throws IOException {
      check();
      out.write(b);
    }

    @Override
    public void write(byte[] bytes, int from, int count) throws IOException {
      check();
      out.write(bytes, from, count);
    }
  }
}
