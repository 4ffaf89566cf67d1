package dev.rankspark.cluster;

import java.util.SortedSet;
import java.util.TreeSet;
import org.apache.spark.util.AccumulatorV2;

/** Names that tasks come across. */
public final class Names extends AccumulatorV2<String, SortedSet<String>> {
  private static final long serialVersionUID = 1L;

  private final TreeSet<String> names = new TreeSet<>();

  @Override
  public boolean isZero() {
    return names.isEmpty();
  }

  @Override
  public Names copy() {
    Names copy = new Names();
    copy.names.addAll(names);
    return copy;
  }

  @Override
  public void reset() {
    names.clear();
  }

  @Override
  public void add(String name) {
    names.add(name);
  }

  @Override
  public void merge(AccumulatorV2<String, SortedSet<String>> other) {
    names.addAll(other.value());
  }

  @Override
  public SortedSet<String> value() {
    return new TreeSet<>(names);
  }
}
