package dev.rankspark.cluster;

import java.io.Serializable;
import java.util.Iterator;
import java.util.Map;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.api.java.function.Function2;
import scala.Tuple2;

/**
 * Values by key, for what Spark does with Scala's tuples.
 *
 * @param <K> keys; no records, as Kryo cannot read those
 * @param <V> values
 */
public final class Keyed<K, V> {
  private final JavaPairRDD<K, V> entries;

  private Keyed(JavaPairRDD<K, V> entries) {
    this.entries = entries;
  }

  /** One entry a row. */
  public static <T, K, V> Keyed<K, V> of(
      JavaRDD<T> rows, Function<T, K> key, Function<T, V> value) {
    return new Keyed<>(rows.mapToPair(row -> new Tuple2<>(key.call(row), value.call(row))));
  }

  /** Any entries of the rows of a partition. */
  public static <T, K, V> Keyed<K, V> ofEach(JavaRDD<T> rows, Entries<T, K, V> entries) {
    return new Keyed<>(
        rows.mapPartitionsToPair(
            part ->
                new Mapped<>(
                    entries.of(part), entry -> new Tuple2<>(entry.getKey(), entry.getValue()))));
  }

  /** Each row by itself, with its number from 0 as its value: runs a job. */
  public static <T> Keyed<T, Long> numbered(JavaRDD<T> rows) {
    return new Keyed<>(rows.zipWithIndex());
  }

  /**
   * What becomes of the rows of a partition.
   *
   * @param <T> a row
   * @param <K> a key
   * @param <V> a value
   */
  @FunctionalInterface
  public interface Entries<T, K, V> extends Serializable {
    Iterator<Map.Entry<K, V>> of(Iterator<T> rows);
  }

  /** The entries for which the function says yes. */
  public Keyed<K, V> filter(Function2<K, V, Boolean> function) {
    return new Keyed<>(entries.filter(entry -> function.call(entry._1(), entry._2())));
  }

  /** The same values by other keys. */
  public <L> Keyed<L, V> mapKeys(Function<K, L> function) {
    return new Keyed<>(
        entries.mapToPair(entry -> new Tuple2<>(function.call(entry._1()), entry._2())));
  }

  /** Other values, each from its own. */
  public <W> Keyed<K, W> mapValues(Function<V, W> function) {
    return new Keyed<>(entries.mapValues(function));
  }

  /** One value a key. */
  public Keyed<K, V> reduce(Function2<V, V, V> function) {
    return new Keyed<>(entries.reduceByKey(function));
  }

  /** One row an entry. */
  public <R> JavaRDD<R> map(Function2<K, V, R> function) {
    return entries.map(entry -> function.call(entry._1(), entry._2()));
  }

  /** All entries, on the driver. */
  public Map<K, V> collect() {
    return entries.collectAsMap();
  }

  /** The entries in the partitions that a partitioner gives their keys, each sorted by key. */
  public Keyed<K, V> sortedWithin(Partitioner partitioner) {
    return new Keyed<>(entries.repartitionAndSortWithinPartitions(partitioner));
  }

  public JavaRDD<K> keys() {
    return entries.keys();
  }

  public JavaRDD<V> values() {
    return entries.values();
  }
}
