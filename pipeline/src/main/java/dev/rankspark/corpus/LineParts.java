package dev.rankspark.corpus;

import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.files.FileFailures;
import dev.rankspark.files.OutputFile;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;

/**
 * The lines of a data set as one plain file for each of its partitions. Spark's and Hadoop's own
 * writers are not asked: what they write is what a cluster's settings say, compressed for one.
 */
final class LineParts {
  static final String PREFIX = "part-";

  private LineParts() {}

  /**
   * Writes the parts, whose names sort as the data set's order.
   *
   * @param output for messages
   */
  static void write(Dataset<String> lines, Path folder, String output) {
    JavaSparkContext context =
        JavaSparkContext.fromSparkContext(lines.sparkSession().sparkContext());
    Broadcast<HadoopSettings> hadoop =
        context.broadcast(new HadoopSettings(context.hadoopConfiguration()));
    String address = folder.toString();
    lines
        .toJavaRDD()
        .mapPartitionsWithIndex(
            (number, part) -> {
              write(number, part, address, output, hadoop.value());
              return List.<String>of().iterator();
            },
            /* preservesPartitioning= */ true)
        .count();
    hadoop.destroy();
  }

  /** One part. Aside and renamed, so that of two attempts at one part each leaves a whole one. */
  static void write(
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
