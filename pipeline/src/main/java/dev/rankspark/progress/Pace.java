package dev.rankspark.progress;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.OptionalDouble;

/**
 * How fast something is done and for how long yet, by what was done of late: a job that waited for
 * its model, or lost half of its machines, is as fast as it is now.
 */
public final class Pace {
  /** What is older counts no more, unless there is little that is newer. */
  private static final double SECONDS = 120;

  private static final int LEAST = 8;

  private final Deque<Point> points = new ArrayDeque<>();

  /** So much was done by then. */
  private record Point(double seconds, long done) {}

  /**
   * Notes how much is done.
   *
   * @param seconds by any clock that does not go back
   * @param done less than before where a task failed, and that alone is no pace
   */
  public void at(double seconds, long done) {
    if (points.isEmpty() || (done == 0 && points.getLast().done == 0)) {
      points.clear(); // nothing is done yet: it begins when the first thing does
      points.add(new Point(seconds, done));
      return;
    }
    long back = points.getLast().done - done;
    if (back > 0) {
      points.addAll(shifted(back));
    } else if (back < 0) {
      points.add(new Point(seconds, done));
    }
    while (points.size() > LEAST && seconds - points.getFirst().seconds > SECONDS) {
      points.removeFirst();
    }
  }

  /** All points, taken out, with so much less done. */
  private Deque<Point> shifted(long back) {
    Deque<Point> shifted = new ArrayDeque<>();
    points.forEach(point -> shifted.add(new Point(point.seconds, point.done - back)));
    points.clear();
    return shifted;
  }

  /** How much a second; empty before anything is done. */
  public OptionalDouble perSecond() {
    if (points.size() < 2) {
      return OptionalDouble.empty();
    }
    double seconds = points.getLast().seconds - points.getFirst().seconds;
    return seconds > 0
        ? OptionalDouble.of((points.getLast().done - points.getFirst().done) / seconds)
        : OptionalDouble.empty();
  }

  /**
   * Seconds until all is done.
   *
   * @param all how much that is
   */
  public OptionalDouble secondsLeft(long all) {
    OptionalDouble rate = perSecond();
    return rate.isPresent()
        ? OptionalDouble.of(Math.max(0, all - points.getLast().done) / rate.getAsDouble())
        : OptionalDouble.empty();
  }
}
