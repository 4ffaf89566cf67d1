package dev.rankspark.corpus;

import dev.rankspark.run.OutputFile;
import dev.rankspark.run.OutputFile.IfExists;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;

/**
 * A data set written as one file: executors write parts under Spark's commit protocol, the driver
 * strings them together beside the target and renames. Whoever looks at the target sees all of it
 * or nothing.
 */
public final class SingleFile {
  private SingleFile() {}

  /** Writes the lines in the data set's order, each ended by {@code \n}. */
  public static void write(Dataset<String> lines, String output, IfExists ifExists) {
    Configuration hadoop = lines.sparkSession().sparkContext().hadoopConfiguration();
    try (WorkFolder parts = WorkFolder.beside(output, hadoop)) {
      Path folder = parts.child("lines");
      lines.write().text(folder.toString());
      try (OutputFile file = OutputFile.create(output, ifExists, hadoop)) {
        concatenate(folder, file.stream(), hadoop);
        file.commit();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void concatenate(Path folder, OutputStream out, Configuration hadoop)
      throws IOException {
    FileSystem system = folder.getFileSystem(hadoop);
    FileStatus[] parts = system.listStatus(folder, path -> path.getName().startsWith("part-"));
    Arrays.sort(parts); // Spark numbers them in the data set's order
    for (FileStatus part : parts) {
      try (InputStream in = system.open(part.getPath())) {
        in.transferTo(out);
      }
    }
  }

  /** A hidden folder beside an output, for what is not finished; gone when closed. */
  public record WorkFolder(Path path, FileSystem system) implements AutoCloseable {

    /** The folder is made by whoever writes into it first. */
    public static WorkFolder beside(String output, Configuration hadoop) throws IOException {
      Path target = new Path(output);
      FileSystem system = target.getFileSystem(hadoop);
      Path folder =
          new Path(
              target.getParent() == null ? new Path(Path.CUR_DIR) : target.getParent(),
              "." + target.getName() + "." + UUID.randomUUID());
      return new WorkFolder(system.makeQualified(folder), system);
    }

    public Path child(String name) {
      return new Path(path, name);
    }

    @Override
    public void close() throws IOException {
      system.delete(path, true /* recursively */);
    }
  }
}
