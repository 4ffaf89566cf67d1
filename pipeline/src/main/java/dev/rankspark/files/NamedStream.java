package dev.rankspark.files;

import java.io.IOException;
import java.io.OutputStream;
import java.util.zip.CRC32C;
import org.apache.hadoop.fs.FSError;

/**
 * What is written to an output: counted and summed, stopped by a signal, and of what cannot be
 * written, a full disk for one, the output is named, whoever catches it. Hadoop's local files throw
 * an error for that.
 */
final class NamedStream extends OutputStream {
  private final String shown;
  private final OutputStream out;
  private final CRC32C crc = new CRC32C();
  private long length;

  /**
   * @param shown the output, for messages
   */
  NamedStream(String shown, OutputStream out) {
    this.shown = shown;
    this.out = out;
  }

  /** Of what was written so far. */
  FileSum sum() {
    return new FileSum(length, crc);
  }

  @Override
  public void write(int b) {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int offset, int count) {
    Unfinished.check();
    try {
      out.write(bytes, offset, count);
    } catch (IOException | FSError e) {
      throw FileFailures.unwritable(shown, e);
    }
    crc.update(bytes, offset, count);
    length += count;
  }

  @Override
  public void flush() {
    try {
      out.flush();
    } catch (IOException | FSError e) {
      throw FileFailures.unwritable(shown, e);
    }
  }

  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException | FSError e) {
      throw FileFailures.unwritable(shown, e);
    }
  }
}
