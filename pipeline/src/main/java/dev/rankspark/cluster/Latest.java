package dev.rankspark.cluster;

import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.util.AccumulatorV2;
import scala.Tuple4;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/**
 * The newest value of one task, on its way to the driver: an accumulator, which Spark sends along
 * with an executor's heartbeats ({@code spark.executor.heartbeatInterval}).
 *
 * @param <T> a value; a later one is greater
 */
public final class Latest<T extends Comparable<T> & Serializable> extends AccumulatorV2<T, T> {
  private static final long serialVersionUID = 1L;

  private final T nothing;
  private T value;

  /**
   * @param nothing the value before the first
   */
  public Latest(T nothing) {
    this.nothing = nothing;
    this.value = nothing;
  }

  /**
   * Begins to tell a listener on the driver each value that is another one; the result stops it.
   *
   * @param name for Spark's UI
   * @param type of the values
   */
  public Runnable tell(SparkContext spark, String name, Class<T> type, Consumer<T> listener) {
    spark.register(this, name);
    SparkListener updates =
        new SparkListener() {
          private T told = nothing; // heartbeats come while nothing changes, too

          @Override
          public void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate update) {
            tasks(update).stream()
                .flatMap(task -> JavaConverters.seqAsJavaList(task._4()).stream())
                .filter(accumulated -> accumulated.id() == id() && accumulated.update().isDefined())
                .map(accumulated -> accumulated.update().get())
                .filter(type::isInstance)
                .map(type::cast)
                .forEach(this::tell);
          }

          private void tell(T at) {
            if (at.compareTo(told) != 0) { // less, where the stage began again
              told = at;
              listener.accept(at);
            }
          }
        };
    spark.addSparkListener(updates);
    return () -> spark.removeSparkListener(updates);
  }

  /**
   * The event's {@code accumUpdates}, by its place among the event's fields: the method of that
   * name gives one {@code Seq} in Scala 2.12 and another in 2.13, so that a class that calls it
   * fits one of them.
   */
  @SuppressWarnings("unchecked")
  private static List<Tuple4<Object, Object, Object, Seq<AccumulableInfo>>> tasks(
      SparkListenerExecutorMetricsUpdate update) {
    return JavaConverters.seqAsJavaList(
        (Seq<Tuple4<Object, Object, Object, Seq<AccumulableInfo>>>) update.productElement(1));
  }

  @Override
  public boolean isZero() {
    return Objects.equals(value, nothing);
  }

  @Override
  public Latest<T> copy() {
    Latest<T> copy = new Latest<>(nothing);
    copy.value = value;
    return copy;
  }

  @Override
  public void reset() {
    value = nothing;
  }

  @Override
  public void add(T next) {
    value = next;
  }

  @Override
  public void merge(AccumulatorV2<T, T> other) {
    if (other.value().compareTo(value) > 0) {
      value = other.value();
    }
  }

  @Override
  public T value() {
    return value;
  }
}
