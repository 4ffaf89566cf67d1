package dev.rankspark.jobs;

import dev.rankspark.progress.Progress;
import java.time.Duration;
import java.util.function.IntSupplier;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;

/** Progress on a terminal: one line that moves, with a bar where there is room for one. */
final class MovingLine implements ProgressDisplay {
  /** A person sees that it moves, and a processor does not feel it. */
  private static final Duration USUAL = Duration.ofMillis(500);

  private final StatusLine line;
  private final IntSupplier columns;
  private final Duration every;
  private final ProgressWords words = new ProgressWords(System::nanoTime);
  private ProgressBar bar;
  private String title = "";

  /**
   * @param columns of the terminal, asked whenever the line is drawn
   */
  MovingLine(StatusLine line, IntSupplier columns) {
    this(line, columns, USUAL);
  }

  /**
   * @param every how often it is drawn, {@link #USUAL} outside of tests
   */
  MovingLine(StatusLine line, IntSupplier columns, Duration every) {
    this.line = line;
    this.columns = columns;
    this.every = every;
  }

  @Override
  public synchronized void at(Progress now) {
    if (!now.title().equals(title)) {
      close(); // first: it is drawn once more, with its own words
    }
    words.at(now);
    if (bar == null) {
      title = now.title();
      bar =
          new ProgressBarBuilder()
              .setTaskName(ProgressBarWords.shortened(title))
              .setInitialMax(now.all())
              .setUpdateIntervalMillis((int) every.toMillis())
              .continuousUpdate()
              .setRenderer(new ProgressBarWords(words))
              .setConsumer(new OnLine())
              .build();
    }
    bar.maxHint(now.all() > 0 ? now.all() : -1);
    bar.stepTo(now.done());
  }

  @Override
  public synchronized void close() {
    if (bar != null) {
      bar.close();
      bar = null;
      line.clear(); // a bar that was not drawn yet is drawn now, and stays
    }
  }

  /** Where the library draws. */
  private final class OnLine implements ProgressBarConsumer {
    /** The last column is left free: some terminals go on to the next line after it. */
    @Override
    public int getMaxRenderedLength() {
      return columns.getAsInt() - 1;
    }

    @Override
    public void accept(String rendered) {
      if (Interruption.happened()) {
        line.clear();
      } else {
        line.show(rendered);
      }
    }

    @Override
    public void clear() {
      line.clear();
    }

    @Override
    public void close() {
      line.clear();
    }
  }
}
