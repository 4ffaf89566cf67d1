package dev.rankspark.checkpoint;

import java.net.URI;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** Local files under another scheme: what a reader sees of a file system that it cannot map. */
public final class FarFileSystem extends RawLocalFileSystem {
  private static final URI ROOT = URI.create("far:///");

  @Override
  public URI getUri() {
    return ROOT;
  }

  @Override
  public String getScheme() {
    return "far";
  }

  static Configuration configuration() {
    Configuration hadoop = new Configuration(false);
    hadoop.setClass("fs.far.impl", FarFileSystem.class, RawLocalFileSystem.class);
    return hadoop;
  }
}
