package dev.rankspark.jobs;

import dev.rankspark.progress.Figures;
import dev.rankspark.progress.Pace;
import dev.rankspark.progress.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.DoubleFunction;
import java.util.function.LongSupplier;

/** Says how far a job is, in parts, of which those that matter most come first. */
final class ProgressWords {
  private final LongSupplier nanos;
  private Progress now;
  private Pace pace;
  private long begun;

  /**
   * @param nanos a clock
   */
  ProgressWords(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** The same at one moment. */
  record Said(Progress progress, List<String> parts) {
    /** As many parts as there is room for. */
    String within(int columns) {
      StringBuilder text = new StringBuilder();
      for (String part : parts) {
        String more = (text.isEmpty() ? "" : ", ") + part;
        if (text.length() + more.length() > columns) {
          break;
        }
        text.append(more);
      }
      return text.toString();
    }

    /** A line of a log. */
    String line() {
      return progress.title() + ": " + String.join(", ", parts);
    }
  }

  /** Notes where the job is. */
  synchronized void at(Progress next) {
    long time = nanos.getAsLong();
    if (now == null || !now.title().equals(next.title())) {
      pace = new Pace();
      begun = time;
    }
    now = next;
    pace.at(time / 1e9, next.done());
  }

  /** What is to be said now; empty before anything is known. */
  synchronized Optional<Said> said() {
    return Optional.ofNullable(now).map(progress -> new Said(progress, parts(progress)));
  }

  private List<String> parts(Progress progress) {
    List<String> parts = new ArrayList<>();
    if (progress instanceof Progress.Scoring scoring) {
      parts.add(of(scoring, "pairs"));
      addPace(parts, ProgressWords::pairs);
      if (scoring.tokens() > 0) {
        parts.add(String.format(Locale.ROOT, "%,d tokens", scoring.tokens()));
      }
      if (scoring.cut() > 0) {
        parts.add(String.format(Locale.ROOT, "%,d texts cut", scoring.cut()));
      }
    } else if (progress instanceof Progress.Training training) {
      parts.add(String.format(Locale.ROOT, "step %,d of %,d", training.step(), training.steps()));
      addPace(parts, ProgressWords::pairs);
      if (Double.isFinite(training.loss())) {
        parts.add(String.format(Locale.ROOT, "loss %.4f", training.loss()));
      }
    } else if (progress instanceof Progress.Bytes bytes) {
      parts.add(
          bytes.all() > 0 ? Figures.bytes(bytes.done(), bytes.all()) : Figures.bytes(bytes.done()));
      addPace(parts, rate -> Figures.bytes(Math.round(rate)) + "/s");
    } else {
      if (progress.all() > 0) {
        parts.add(of(progress, progress.all() == 1 ? "task" : "tasks"));
      }
      parts.add(Figures.time((nanos.getAsLong() - begun) / 1e9) + " so far");
    }
    return parts;
  }

  private static String of(Progress progress, String things) {
    return String.format(Locale.ROOT, "%,d of %,d %s", progress.done(), progress.all(), things);
  }

  private static String pairs(double rate) {
    return Figures.rate(rate) + " pairs/s";
  }

  /** Time left and rate, as soon as there is one. */
  private void addPace(List<String> parts, DoubleFunction<String> rate) {
    OptionalDouble left =
        now.all() > now.done() ? pace.secondsLeft(now.all()) : OptionalDouble.empty();
    left.ifPresent(seconds -> parts.add(Figures.time(Math.max(1, seconds)) + " left"));
    pace.perSecond().ifPresent(perSecond -> parts.add(rate.apply(perSecond)));
  }
}
