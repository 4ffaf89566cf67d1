package dev.rankspark.corpus;

import dev.rankspark.DeviceException;
import dev.rankspark.InputException;
import dev.rankspark.cluster.LateTasks;
import dev.rankspark.files.FileFailures;
import dev.rankspark.files.OutputFile;
import dev.rankspark.files.OutputFile.IfExists;
import dev.rankspark.files.Unfinished;
import dev.rankspark.files.UserPath;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * A data set written as one file: executors write parts, the driver strings them together beside
 * the target and renames. Whoever looks at the target sees all of it or nothing.
 */
public final class SingleFile {
  /** What reads files in Spark's tasks; it is not API. */
  private static final String SPARKS_READER =
      "org.apache.spark.sql.execution.datasources.FileScanRDD";

  private SingleFile() {}

  /**
   * Writes a file up to the point where only {@link OutputFile#commit} is left to do.
   *
   * @param writing writes {@link LineParts} into {@link WorkFolder#lines}
   * @param spark what runs the tasks that write
   * @return to be closed
   */
  public static OutputFile stage(
      Consumer<WorkFolder> writing,
      String output,
      IfExists ifExists,
      SparkContext spark,
      Configuration hadoop) {
    try (WorkFolder work = WorkFolder.beside(output, spark, hadoop)) {
      writing.accept(work);
      OutputFile file = OutputFile.create(output, ifExists, hadoop);
      try {
        concatenate(work.lines(), file.stream(), hadoop);
        file.finish();
        return file;
      } catch (IOException | RuntimeException e) {
        file.close();
        throw e;
      }
    } catch (IOException e) {
      throw FileFailures.unwritable(output, e);
    }
  }

  private static void concatenate(Path folder, OutputStream out, Configuration hadoop)
      throws IOException {
    FileSystem system = OutputFile.system(folder, hadoop);
    FileStatus[] parts =
        system.exists(folder)
            ? system.listStatus(folder, path -> path.getName().startsWith(LineParts.PREFIX))
            : new FileStatus[0];
    Arrays.sort(parts); // they are numbered in the data set's order
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
  public record WorkFolder(String output, Path path, FileSystem system, SparkContext spark)
      implements AutoCloseable {
    /** For tasks that write into the folder and are about to end. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** The folder is made by whoever writes into it first. */
    public static WorkFolder beside(String output, SparkContext spark, Configuration hadoop)
        throws IOException {
      UserPath folder = OutputFile.workFolder(output, hadoop);
      Unfinished.add(folder.system(), folder.path());
      return new WorkFolder(output, folder.path(), folder.system(), spark);
    }

    public Path child(String name) {
      return new Path(path, name);
    }

    /** Where {@link LineParts} belong. */
    public Path lines() {
      return child("lines");
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
          if ((cause instanceof IOException && !isOfReading(cause)) || cause instanceof FSError) {
            throw FileFailures.unwritable(output, cause);
          }
        }
        throw new IllegalStateException(e.getMessage(), e);
      }
    }

    /**
     * A task reads tables while it writes: a file of theirs that fails is not the output's fault.
     */
    private static boolean isOfReading(Throwable failure) {
      return Arrays.stream(failure.getStackTrace())
          .anyMatch(frame -> frame.getClassName().startsWith(SPARKS_READER));
    }

    /**
     * Keeps rows as Parquet, so that nothing that follows computes them again. Other names than
     * ours are for nobody: a cluster's choice of a codec, which it may lack, is not asked.
     */
    public Dataset<Row> keep(Dataset<Row> rows, String name) {
      Path folder = child(name);
      fill(() -> rows.write().option("compression", "uncompressed").parquet(folder.toString()));
      return Tables.reader(rows.sparkSession()).schema(rows.schema()).parquet(folder.toString());
    }

    @Override
    public void close() throws IOException {
      LateTasks.await(spark, PATIENCE); // one that opens its file after this makes the folder anew
      system.delete(path, true /* recursively */);
      Unfinished.remove(system, path);
    }
  }
}
