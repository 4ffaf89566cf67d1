package dev.rankspark.files;

import java.io.IOException;
import java.util.Map;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Local files as Spark's tasks read them: without the checksum files beside them, which Hadoop
 * finds for no name with a colon, and which are wrong once another program changed a file.
 */
public final class LocalFiles extends LocalFileSystem {
  /** Hadoop makes it by its name. */
  public LocalFiles() {}

  @Override
  public FSDataInputStream open(Path file, int bufferSize) throws IOException {
    return getRawFileSystem().open(file, bufferSize);
  }

  /** Hadoop's settings that take it. */
  public static Map<String, String> settings() {
    return Map.of(
        "fs.file.impl",
        LocalFiles.class.getName(),
        "fs.file.impl.disable.cache",
        "true"); // or the file system that is there already would be taken
  }
}
