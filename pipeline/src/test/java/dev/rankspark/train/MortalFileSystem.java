package dev.rankspark.train;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * Local files under {@code mortal:}, for a process that is killed: after so many changes nothing
 * can be changed any more, not even to clean up.
 */
public final class MortalFileSystem extends RawLocalFileSystem {
  private int changesLeft;

  /** A file system of its own, which nobody else gets. */
  static Configuration dyingAfter(int changes) {
    Configuration hadoop = new Configuration(false);
    hadoop.setClass("fs.mortal.impl", MortalFileSystem.class, RawLocalFileSystem.class);
    hadoop.setInt("mortal.changes", changes);
    return hadoop;
  }

  @Override
  public void initialize(URI uri, Configuration conf) throws IOException {
    super.initialize(uri, conf);
    changesLeft = conf.getInt("mortal.changes", 0);
  }

  @Override
  public URI getUri() {
    return URI.create("mortal:///");
  }

  @Override
  public String getScheme() {
    return "mortal";
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
    change();
    return mortal(super.create(path, overwrite, buffer, replication, block, progress));
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
    change();
    return mortal(super.create(path, permission, overwrite, buffer, replication, block, progress));
  }

  @Override
  public boolean mkdirs(Path path) throws IOException {
    change();
    return super.mkdirs(path);
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    change();
    return super.rename(from, to);
  }

  @Override
  public boolean delete(Path path, boolean recursive) throws IOException {
    change();
    return super.delete(path, recursive);
  }

  private void change() throws IOException {
    if (changesLeft-- <= 0) {
      throw new IOException("killed");
    }
  }

  private FSDataOutputStream mortal(FSDataOutputStream out) throws IOException {
    return new FSDataOutputStream(
        new FilterOutputStream(out) {
          @Override
          public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
          }

          @Override
          public void write(byte[] bytes, int offset, int count) throws IOException {
            change();
            out.write(bytes, offset, count);
          }
        },
        null);
  }
}
