package dev.rankspark.cluster;

import java.io.Serializable;
import java.util.function.BiFunction;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.mapreduce.InputFormat;
import org.apache.hadoop.mapreduce.InputSplit;
import org.apache.spark.api.java.JavaNewHadoopRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;

/** Records of Hadoop's input formats, with the split that they come from. */
public final class HadoopRecords {
  private HadoopRecords() {}

  /**
   * What becomes of the records of a split.
   *
   * @param <K> Hadoop's key
   * @param <V> Hadoop's value
   * @param <R> a row
   */
  @FunctionalInterface
  public interface OfSplit<K, V, R> extends Serializable {
    /** Called once a split; key and value are Hadoop's own, used again for the next record. */
    BiFunction<K, V, R> rows(InputSplit split);
  }

  /** One row a record, in their order. */
  public static <K, V, F extends InputFormat<K, V>, R> JavaRDD<R> read(
      JavaSparkContext spark,
      Configuration settings,
      Class<F> format,
      Class<K> key,
      Class<V> value,
      OfSplit<K, V, R> ofSplit) {
    JavaNewHadoopRDD<K, V> records =
        (JavaNewHadoopRDD<K, V>) spark.newAPIHadoopRDD(settings, format, key, value);
    return records.mapPartitionsWithInputSplit(
        (split, iterator) -> {
          BiFunction<K, V, R> rows = ofSplit.rows(split);
          return new Mapped<>(iterator, record -> rows.apply(record._1(), record._2()));
        },
        /* preservesPartitioning= */ true);
  }
}
