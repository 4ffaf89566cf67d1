package dev.rankspark.catalyst;

import java.util.ArrayList;
import scala.collection.JavaConverters;
import scala.collection.Seq;
import scala.collection.immutable.List;

/** Between Java's lists and Scala's. */
final class Scala {
  private Scala() {}

  static <T> List<T> list(java.util.List<T> values) {
    return JavaConverters.asScalaBuffer(new ArrayList<>(values)).toList();
  }

  static <T> List<T> list(T value) {
    return list(java.util.List.of(value));
  }

  static <T> java.util.List<T> toJava(Seq<T> values) {
    return new ArrayList<>(JavaConverters.seqAsJavaList(values));
  }
}
