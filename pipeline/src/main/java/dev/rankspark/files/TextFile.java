package dev.rankspark.files;

import dev.rankspark.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.io.Text;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.util.LineReader;

/**
 * A text file read line by line on one machine, from any Hadoop path, decompressed by its ending.
 * Lines end as in Python's text mode, at {@code \n}, {@code \r\n} or {@code \r}; a byte order mark
 * at the start is no text, as in Hadoop's own reader of lines.
 */
public record TextFile(String path, Configuration hadoop) {
  private static final String BYTE_ORDER_MARK = "\ufeff";

  /** Takes one line. */
  @FunctionalInterface
  public interface LineConsumer {
    /**
     * @param where gives {@code file:line}, for errors
     */
    void accept(String line, Supplier<String> where) throws IOException;
  }

  /**
   * Reads all lines.
   *
   * @throws InputException if the file is missing, a directory, broken or not UTF-8
   */
  public void forEachLine(LineConsumer consumer) throws IOException {
    try (LineReader reader = reader()) {
      Text line = new Text();
      for (long number = 1; read(reader, line); number++) {
        long at = number;
        String text = decode(line, at);
        boolean marked = number == 1 && text.startsWith(BYTE_ORDER_MARK);
        consumer.accept(marked ? text.substring(1) : text, () -> path + ":" + at);
      }
    }
  }

  private LineReader reader() {
    try {
      return new LineReader(open());
    } catch (IOException | FSError e) {
      throw UserPath.of(path, hadoop).unreadable(e);
    }
  }

  /** Apart from what the consumer does, whose failures are not the file's. */
  private boolean read(LineReader reader, Text line) {
    try {
      return reader.readLine(line) > 0;
    } catch (IOException | FSError e) {
      throw Compression.unreadable(path, UserPath.of(path, hadoop).path(), hadoop, e);
    }
  }

  private InputStream open() throws IOException {
    UserPath file = UserPath.of(path, hadoop);
    if (file.status().isDirectory()) {
      throw InputException.of("%s is a directory; expected a file", path);
    }
    Configuration codecs = Compression.with(hadoop);
    Optional<CompressionCodec> codec = Compression.of(file.path(), codecs);
    if (!file.isStream()) { // a pipe's first bytes can be read but once
      Compression.check(path, file.path(), codecs);
    }
    InputStream bytes = file.system().open(file.path());
    try {
      return codec.isEmpty() ? bytes : codec.get().createInputStream(bytes);
    } catch (IOException e) {
      bytes.close();
      throw Compression.unreadable(path, file.path(), hadoop, e);
    }
  }

  private String decode(Text line, long number) {
    try {
      return Text.decode(line.getBytes(), 0, line.getLength(), /* replace= */ false);
    } catch (CharacterCodingException e) {
      throw new InputException(
          path
              + ":"
              + number
              + ": expected UTF-8, got other bytes; "
              + Compression.remedy(UserPath.of(path, hadoop).path(), hadoop),
          e);
    }
  }
}
