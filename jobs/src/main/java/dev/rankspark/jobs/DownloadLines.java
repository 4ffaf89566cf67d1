package dev.rankspark.jobs;

import dev.rankspark.hub.DownloadListener;
import dev.rankspark.progress.ByteCount;
import dev.rankspark.progress.Figures;
import java.io.PrintWriter;
import java.util.Locale;

/** Says what is downloaded, in a line, and shows how far it is. */
final class DownloadLines implements DownloadListener {
  private final PrintWriter err;
  private final ProgressDisplay display;
  private ByteCount bar = ByteCount.NONE;
  private long size;
  private long there;

  DownloadLines(PrintWriter err, ProgressDisplay display) {
    this.err = err;
    this.display = display;
  }

  @Override
  public void begins(String repository, String file, long bytes, long before) {
    String title = repository + " " + file;
    size = bytes;
    there = before;
    bar = display.bytes("Fetching " + title);
    say(
        String.format(
            Locale.ROOT,
            "Fetching %s, %s%s",
            title,
            Figures.bytes(bytes),
            before > 0 ? ", of which " + Figures.bytes(before) + " are there" : ""));
  }

  @Override
  public void advanced(long bytes) {
    there += bytes;
    bar.at(there, size);
  }

  @Override
  public void note(String line) {
    say("rankspark: " + line);
  }

  private void say(String line) {
    err.println(line);
    err.flush();
  }
}
