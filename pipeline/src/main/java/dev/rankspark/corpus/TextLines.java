package dev.rankspark.corpus;

import dev.rankspark.InputException;
import dev.rankspark.cluster.HadoopRecords;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.files.Compression;
import dev.rankspark.files.InputFiles.InputFile;
import dev.rankspark.files.LineFormat;
import dev.rankspark.files.UserPath;
import dev.rankspark.python.PythonText;
import dev.rankspark.run.Ids;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.LongWritable;
import org.apache.hadoop.io.Text;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.mapreduce.InputSplit;
import org.apache.hadoop.mapreduce.Job;
import org.apache.hadoop.mapreduce.lib.input.FileInputFormat;
import org.apache.hadoop.mapreduce.lib.input.FileSplit;
import org.apache.hadoop.util.LineReader;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;

/**
 * Text files as lines that know where they stand, however Spark splits them. Lines end as in
 * Python's text mode, at {@code \n}, {@code \r\n} or {@code \r}, which is what Hadoop's reader does
 * too; a byte order mark at the start of a file is no text.
 */
final class TextLines {
  /**
   * Bits of a position that hold the offset in a file; 16 TiB, and a million files, keep it
   * positive.
   */
  private static final int OFFSET_BITS = 44;

  private TextLines() {}

  /**
   * One line.
   *
   * @param position orders the lines of all files: the file's number in the list, then the offset
   *     in it
   * @param file the file's name for messages
   * @param path the file's address
   * @param offset bytes before the line, after decompression
   */
  record TextLine(long position, String file, String path, long offset, String text)
      implements Located, Serializable {

    /**
     * {@code file:line}; reads the file up to the line, so it is for errors alone. Where that
     * cannot be done a second time, the line's offset stands for its number.
     */
    String where() {
      try {
        return file + ":" + lineNumber(path, offset);
      } catch (IOException e) {
        return file + ", at byte " + offset;
      }
    }

    /** The id, if a run's line can hold it; otherwise an error that names the line. */
    String id(String name, String id) {
      Ids.wrong(name, id)
          .ifPresent(
              message -> {
                throw wrong(message);
              });
      return id;
    }

    @Override
    public InputException wrong(String message) {
      return new InputException(where() + ": " + message);
    }
  }

  /** What becomes of a split's lines. */
  @FunctionalInterface
  private interface OfSplit extends Serializable {
    BiFunction<LongWritable, Text, TextLine> of(
        InputSplit split, Map<String, Integer> numbers, List<String> names);
  }

  /**
   * The lines of the files; a file that is not UTF-8 is an {@link InputException} when its line is
   * reached.
   */
  static JavaRDD<TextLine> read(SparkSession spark, List<InputFile> files) {
    return read(spark, files, TextLines::lines);
  }

  private static JavaRDD<TextLine> read(SparkSession spark, List<InputFile> files, OfSplit lines) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    Map<String, Integer> numbers = new HashMap<>();
    List<String> names = new ArrayList<>();
    try {
      Job job = Job.getInstance(context.hadoopConfiguration());
      LineFormat.settle(job.getConfiguration());
      for (InputFile file : files) {
        numbers.put(file.path().toString(), names.size());
        names.add(file.name());
        FileInputFormat.addInputPath(job, file.path());
      }
      return HadoopRecords.read(
          context,
          job.getConfiguration(),
          LineFormat.class,
          LongWritable.class,
          Text.class,
          split -> lines.of(split, numbers, names));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Those of {@link #read} with more than white space. */
  static JavaRDD<TextLine> readNonBlank(SparkSession spark, List<InputFile> files) {
    return nonBlank(read(spark, files));
  }

  private static JavaRDD<TextLine> nonBlank(JavaRDD<TextLine> lines) {
    return lines.filter(line -> !PythonText.strip(line.text()).isEmpty());
  }

  /**
   * Those of {@link #readNonBlank} that may have one of the docids, and all of which a scan is not
   * sure.
   */
  static JavaRDD<TextLine> readNamed(
      SparkSession spark,
      List<InputFile> files,
      LineScan.Maker scans,
      Broadcast<NamedDocids> docids) {
    JavaRDD<TextLine> named =
        read(
            spark,
            files,
            (split, numbers, names) -> {
              BiFunction<LongWritable, Text, TextLine> lines = lines(split, numbers, names);
              LineScan scan = scans.make();
              NamedDocids wanted = docids.value();
              return (at, text) ->
                  scan.isSureOf(text.getBytes(), text.getLength())
                          && !wanted.mayHave(text.getBytes(), scan.from(), scan.to())
                      ? null
                      : lines.apply(at, text);
            });
    return nonBlank(named.filter(line -> line != null));
  }

  private static BiFunction<LongWritable, Text, TextLine> lines(
      InputSplit split, Map<String, Integer> numbers, List<String> names) {
    String path = ((FileSplit) split).getPath().toString();
    int number = numbers.get(path);
    return (at, text) -> {
      long offset = at.get();
      long position = ((long) number << OFFSET_BITS) | offset;
      try {
        String decoded = Text.decode(text.getBytes(), 0, text.getLength(), /* replace= */ false);
        return new TextLine(position, names.get(number), path, offset, decoded);
      } catch (CharacterCodingException e) {
        throw new TextLine(position, names.get(number), path, offset, "")
            .wrong(
                "expected UTF-8, got other bytes; "
                    + Compression.remedy(new Path(path), HadoopSettings.here()));
      }
    };
  }

  private static long lineNumber(String name, long offset) throws IOException {
    Path path = new Path(name);
    Configuration hadoop = Compression.with(HadoopSettings.here());
    CompressionCodec codec = Compression.of(path, hadoop).orElse(null);
    try (InputStream file = UserPath.of(name, hadoop).system().open(path);
        InputStream plain = codec == null ? file : codec.createInputStream(file);
        LineReader reader = new LineReader(plain)) {
      long line = 1;
      Text skipped = new Text();
      for (long at = 0; at < offset; line++) {
        int read = reader.readLine(skipped);
        if (read == 0) {
          break;
        }
        at += read;
      }
      return line;
    }
  }
}
