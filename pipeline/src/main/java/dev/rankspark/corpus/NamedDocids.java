package dev.rankspark.corpus;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.util.sketch.BloomFilter;
import org.apache.spark.util.sketch.IncompatibleMergeException;

/**
 * The docids that a run names, as a Bloom filter: of a size that does not grow without end, and
 * never wrong about one that is named. Of the others it takes some for named, which the join leaves
 * out.
 */
final class NamedDocids implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Ten for a docid: one of a hundred that are not named is taken for one. */
  private static final long BITS_PER_DOCID = 10;

  /** 32 MiB, with ten for each of 27 million docids; with more the filter lets more through. */
  private static final long MOST_BITS = 1L << 28;

  private final byte[] filter;
  private transient volatile BloomFilter read;

  private NamedDocids(byte[] filter) {
    this.filter = filter;
  }

  /**
   * Those of a column, for all executors.
   *
   * @param docids of one column
   * @param count how many there are, some of them more than once
   */
  static Broadcast<NamedDocids> of(Dataset<Row> docids, long count) {
    long expected = Math.max(1, count);
    long bits = Math.min(MOST_BITS, Math.max(Long.SIZE, expected * BITS_PER_DOCID));
    byte[] none = bytes(BloomFilter.create(expected, bits));
    byte[] filter =
        docids
            .toJavaRDD()
            .mapPartitions(part -> List.of(filled(none, part)).iterator())
            .treeAggregate(none, NamedDocids::merged, NamedDocids::merged);
    return JavaSparkContext.fromSparkContext(docids.sparkSession().sparkContext())
        .broadcast(new NamedDocids(filter));
  }

  /** Whether a docid may be among them. */
  boolean mayHave(String docid) {
    return filter().mightContainBinary(docid.getBytes(StandardCharsets.UTF_8));
  }

  /** Likewise, of the docid that a scan found. */
  boolean mayHave(byte[] line, int from, int to) {
    return filter().mightContainBinary(Arrays.copyOfRange(line, from, to));
  }

  /** Read once in each executor, where tasks share what was broadcast. */
  private BloomFilter filter() {
    BloomFilter ours = read;
    if (ours == null) {
      ours = filter(filter);
      read = ours;
    }
    return ours;
  }

  private static byte[] filled(byte[] none, Iterator<Row> docids) {
    BloomFilter ours = filter(none);
    docids.forEachRemaining(
        row -> ours.putBinary(row.getString(0).getBytes(StandardCharsets.UTF_8)));
    return bytes(ours);
  }

  private static byte[] merged(byte[] some, byte[] others) {
    try {
      return bytes(filter(some).mergeInPlace(filter(others)));
    } catch (IncompatibleMergeException e) {
      throw new IllegalStateException(e); // all are made of the same
    }
  }

  private static BloomFilter filter(byte[] bytes) {
    try {
      return BloomFilter.readFrom(new ByteArrayInputStream(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] bytes(BloomFilter filter) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      filter.writeTo(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }
}
