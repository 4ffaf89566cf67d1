package dev.rankspark.files;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.LongWritable;
import org.apache.hadoop.io.Text;
import org.apache.hadoop.io.compress.SplittableCompressionCodec;
import org.apache.hadoop.mapreduce.InputSplit;
import org.apache.hadoop.mapreduce.JobContext;
import org.apache.hadoop.mapreduce.RecordReader;
import org.apache.hadoop.mapreduce.TaskAttemptContext;
import org.apache.hadoop.mapreduce.lib.input.LineRecordReader;
import org.apache.hadoop.mapreduce.lib.input.TextInputFormat;
import org.apache.hadoop.mapreduce.security.TokenCache;

/**
 * Hadoop's text files by {@link CodedLines}, of exactly the files that are named: a name with
 * brackets is no glob, one with a leading {@code _} is not left out.
 */
public final class LineFormat extends TextInputFormat {

  /** Takes out of a cluster's settings what would change what a line is. */
  public static void settle(Configuration job) {
    job.unset("textinputformat.record.delimiter");
    job.unset(LineRecordReader.MAX_LINE_LENGTH); // longer lines would be left out
    job.setClassLoader(LocalFiles.class.getClassLoader()); // who made the settings may not know it
    LocalFiles.settings().forEach(job::set);
  }

  @Override
  protected boolean isSplitable(JobContext context, Path file) {
    return Compression.of(file, Compression.with(context.getConfiguration()))
        .map(codec -> codec instanceof SplittableCompressionCodec)
        .orElse(true);
  }

  @Override
  protected List<FileStatus> listStatus(JobContext job) throws IOException {
    Path[] paths = getInputPaths(job);
    TokenCache.obtainTokensForNamenodes(job.getCredentials(), paths, job.getConfiguration());
    List<FileStatus> files = new ArrayList<>();
    for (Path path : paths) {
      files.add(path.getFileSystem(job.getConfiguration()).getFileStatus(path));
    }
    return files;
  }

  @Override
  public RecordReader<LongWritable, Text> createRecordReader(
      InputSplit split, TaskAttemptContext context) {
    return new CodedLines();
  }
}
