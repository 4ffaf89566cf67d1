package dev.rankspark.corpus;

import dev.rankspark.DeviceException;
import dev.rankspark.InputException;
import dev.rankspark.run.OutputFile;
import dev.rankspark.run.OutputFile.IfExists;
import dev.rankspark.run.Unfinished;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
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
    try (OutputFile file = stage(lines, output, ifExists)) {
      file.commit();
    }
  }

  /**
   * Likewise, up to the point where only {@link OutputFile#commit} is left to do.
   *
   * @return to be closed
   */
  public static OutputFile stage(Dataset<String> lines, String output, IfExists ifExists) {
    Configuration hadoop = lines.sparkSession().sparkContext().hadoopConfiguration();
    try (WorkFolder parts = WorkFolder.beside(output, hadoop)) {
      Path folder = parts.child("lines");
      parts.fill(() -> lines.write().text(folder.toString()));
      OutputFile file = OutputFile.create(output, ifExists, hadoop);
      try {
        concatenate(folder, file.stream(), hadoop);
        file.finish();
        return file;
      } catch (IOException | RuntimeException e) {
        file.close();
        throw e;
      }
    } catch (IOException e) {
      throw OutputFile.unwritable(output, e);
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

  /**
   * A hidden folder beside an output, for what is not finished; gone when closed.
   *
   * @param output the path of the output, for messages
   */
  public record WorkFolder(String output, Path path, FileSystem system) implements AutoCloseable {

    /** The folder is made by whoever writes into it first. */
    public static WorkFolder beside(String output, Configuration hadoop) throws IOException {
      Path target = new Path(output);
      FileSystem system = target.getFileSystem(hadoop);
      Path folder =
          new Path(
              target.getParent() == null ? new Path(Path.CUR_DIR) : target.getParent(),
              "." + target.getName() + "." + UUID.randomUUID());
      WorkFolder work = new WorkFolder(output, system.makeQualified(folder), system);
      Unfinished.add(system, work.path());
      return work;
    }

    public Path child(String name) {
      return new Path(path, name);
    }

    /**
     * Runs a job that writes into the folder.
     *
     * @throws InputException naming the output if the file system refused what a task wrote
     */
    public void fill(Runnable job) {
      try {
        job.run();
      } catch (Exception | Error e) { // Spark's own are checked, though its methods declare none
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
          if (cause instanceof InputException || cause instanceof DeviceException) {
            break;
          }
          if (cause instanceof IOException || cause instanceof FSError) {
            throw OutputFile.unwritable(output, cause);
          }
        }
        throw new IllegalStateException(e.getMessage(), e);
      }
    }

    @Override
    public void close() throws IOException {
      system.delete(path, true /* recursively */);
      Unfinished.remove(system, path);
    }
  }
}
