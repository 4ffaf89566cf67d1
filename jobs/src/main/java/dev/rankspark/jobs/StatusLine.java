package dev.rankspark.jobs;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.jline.utils.WCWidth;

/**
 * Standard error with a line below all that is written, which is drawn anew in its place and gone
 * when something else is written. It is drawn with spaces and carriage returns alone, so that every
 * terminal can show it, and the cursor stays at its beginning: what another program writes lies
 * over it and not behind it.
 */
final class StatusLine extends OutputStream {
  private final OutputStream out;

  /** Columns that are taken; 0 if there is no line. */
  private int taken;

  /** Below half a line of others nothing can be drawn. */
  private boolean isAtBeginning = true;

  /**
   * @param out a terminal, or whatever else: then nothing is to be shown
   */
  StatusLine(OutputStream out) {
    this.out = out;
  }

  /**
   * Draws the line in the place of the one that is there.
   *
   * @param text of no more columns than the terminal has, less one
   */
  synchronized void show(String text) {
    if (!isAtBeginning) {
      return;
    }
    int columns = text.codePoints().map(WCWidth::wcwidth).map(width -> Math.max(0, width)).sum();
    write("\r" + text + " ".repeat(Math.max(0, taken - columns)) + "\r");
    taken = columns;
  }

  /** Takes the line away. */
  synchronized void clear() {
    if (taken > 0) {
      write("\r" + " ".repeat(taken) + "\r");
      taken = 0;
    }
  }

  private void write(String text) {
    try {
      out.write(text.getBytes(StandardCharsets.UTF_8));
      out.flush();
    } catch (IOException e) {
      taken = 0; // a terminal that is gone: whoever writes results says so
    }
  }

  @Override
  public synchronized void write(byte[] bytes, int from, int count) throws IOException {
    if (count > 0) {
      clear();
      out.write(bytes, from, count);
      isAtBeginning = bytes[from + count - 1] == '\n' || bytes[from + count - 1] == '\r';
    }
  }

  @Override
  public void write(int oneByte) throws IOException {
    write(new byte[] {(byte) oneByte}, 0, 1);
  }

  @Override
  public synchronized void flush() throws IOException {
    out.flush();
  }
}
