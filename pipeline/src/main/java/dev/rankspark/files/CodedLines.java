package dev.rankspark.files;

import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.LongWritable;
import org.apache.hadoop.io.Text;
import org.apache.hadoop.mapreduce.InputSplit;
import org.apache.hadoop.mapreduce.RecordReader;
import org.apache.hadoop.mapreduce.TaskAttemptContext;
import org.apache.hadoop.mapreduce.lib.input.FileSplit;
import org.apache.hadoop.mapreduce.lib.input.LineRecordReader;
import org.apache.hadoop.mapreduce.task.TaskAttemptContextImpl;

/**
 * Hadoop's reader of lines with {@link Compression}'s codecs and errors. A file that cannot be read
 * to its end is an {@link dev.rankspark.InputException} that names it: Spark passes over an {@link
 * IOException} where {@code spark.files.ignoreCorruptFiles} is set.
 */
final class CodedLines extends RecordReader<LongWritable, Text> {
  private final LineRecordReader reader = new LineRecordReader();
  private Path file;
  private Configuration hadoop;

  /** Something that fails where the file does. */
  @FunctionalInterface
  private interface Reading<T> {
    T read() throws IOException;
  }

  @Override
  public void initialize(InputSplit split, TaskAttemptContext context) {
    file = ((FileSplit) split).getPath();
    hadoop = Compression.with(context.getConfiguration());
    of(
        () -> {
          Compression.check(Shown.path(file), file, hadoop);
          reader.initialize(split, new TaskAttemptContextImpl(hadoop, context.getTaskAttemptID()));
          return null;
        });
  }

  @Override
  public boolean nextKeyValue() {
    return of(reader::nextKeyValue);
  }

  @Override
  public LongWritable getCurrentKey() {
    return reader.getCurrentKey();
  }

  @Override
  public Text getCurrentValue() {
    return reader.getCurrentValue();
  }

  @Override
  public float getProgress() {
    return of(reader::getProgress);
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }

  private <T> T of(Reading<T> reading) {
    try {
      return reading.read();
    } catch (IOException e) {
      throw Compression.unreadable(Shown.path(file), file, hadoop, e);
    }
  }
}
