package dev.rankspark.jobs;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * Local files under {@code faulty:}, on a disk where each file may have so many bytes and some
 * names cannot be given.
 */
public final class FaultyFileSystem extends RawLocalFileSystem {
  private static final String CAPACITY = "fs.faulty.capacity";
  private static final String REFUSED = "fs.faulty.refused";

  /**
   * Makes paths of the scheme known.
   *
   * @param capacity bytes that a file may have
   * @param refused the name that no file can be renamed to
   */
  static void install(Configuration hadoop, long capacity, String refused) {
    hadoop.set("fs.faulty.impl", FaultyFileSystem.class.getName());
    hadoop.setBoolean("fs.faulty.impl.disable.cache", true);
    hadoop.setLong(CAPACITY, capacity);
    hadoop.set(REFUSED, refused);
  }

  @Override
  public URI getUri() {
    return URI.create("faulty:///");
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
    return limited(super.create(path, overwrite, buffer, replication, block, progress));
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    return !to.getName().equals(getConf().get(REFUSED)) && super.rename(from, to);
  }

  private FSDataOutputStream limited(OutputStream out) throws IOException {
    long capacity = getConf().getLong(CAPACITY, 0);
    return new FSDataOutputStream(
        new FilterOutputStream(out) {
          private long written;

          @Override
          public void write(int b) throws IOException {
            if (++written > capacity) {
              throw new IOException("No space left on device");
            }
            out.write(b);
          }
        },
        null);
  }
}
