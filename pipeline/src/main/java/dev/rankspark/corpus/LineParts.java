package dev.rankspark.corpus;

import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.files.FileFailures;
import dev.rankspark.files.OutputFile;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.Locale;
import java.util.UUID;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The lines of a data set as plain files, such as one for each of its partitions. Spark's and
 * Hadoop's own writers are not asked: what they write is what a cluster's settings say, compressed
 * for one.
 */
public final class LineParts {
  static final String PREFIX = "part-";

  private LineParts() {}

  /**
   * Writes one of them. Aside and renamed, so that of two attempts at one part each leaves a whole
   * one.
   *
   * @param number parts are strung together in the order of their numbers
   * @param lines without their ends
   * @param folder {@link SingleFile.WorkFolder#lines}
   * @param output for messages
   */
  public static void write(
      int number, Iterator<String> lines, String folder, String output, HadoopSettings hadoop) {
    Path part = new Path(folder, PREFIX + String.format(Locale.ROOT, "%010d", number));
    Path aside = new Path(folder, "." + part.getName() + "." + UUID.randomUUID());
    try {
      FileSystem system = OutputFile.system(part, hadoop.value());
      try (OutputStream out = new BufferedOutputStream(system.create(aside))) {
        while (lines.hasNext()) {
          out.write(lines.next().getBytes(StandardCharsets.UTF_8));
          out.write('\n');
        }
      }
      if (!system.rename(aside, part) && !system.exists(part)) {
        throw new IOException(aside + " cannot be renamed");
      }
    } catch (IOException | FSError e) {
      throw FileFailures.unwritable(output, e);
    }
  }
}
