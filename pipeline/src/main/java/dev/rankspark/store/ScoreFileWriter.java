package dev.rankspark.store;

import dev.rankspark.files.Sha256;
import dev.rankspark.store.Manifest.ScoreFile;
import java.io.IOException;
import java.io.OutputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.Map;
import java.util.UUID;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroupFactory;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopStreams;
import org.apache.parquet.io.OutputFile;
import org.apache.parquet.io.PositionOutputStream;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Types;

/**
 * Writes a file of scores: Parquet, uncompressed, for hashes have nothing to compress and a codec
 * may be missing on a cluster; some 21 bytes a score, each page with its checksum.
 */
final class ScoreFileWriter implements AutoCloseable {
  static final String HIGH = "hash_high";
  static final String LOW = "hash_low";
  static final String LENGTH = "length";
  static final String SCORE = "score";

  /** Days since 1970-01-01, UTC, when the score was computed. */
  static final String DAY = "day";

  private static final MessageType SCHEMA =
      Types.buildMessage()
          .required(PrimitiveTypeName.INT64)
          .named(HIGH)
          .required(PrimitiveTypeName.INT64)
          .named(LOW)
          .required(PrimitiveTypeName.INT32)
          .named(LENGTH)
          .required(PrimitiveTypeName.FLOAT)
          .named(SCORE)
          .required(PrimitiveTypeName.INT32)
          .named(DAY)
          .named("scores");

  private static final SimpleGroupFactory ROWS = new SimpleGroupFactory(SCHEMA);
  private static final long ROW_GROUP_BYTES = 16 << 20;

  private final StoreFolder folder;
  private final String name;
  private final Path aside;
  private final MessageDigest digest = Sha256.begin();
  private final FSDataOutputStream stream;
  private final ParquetWriter<Group> writer;
  private long rows;
  private int oldest = Integer.MAX_VALUE;
  private int newest = Integer.MIN_VALUE;
  private boolean published;

  /**
   * Begins a file, hidden until {@link #publish}.
   *
   * @param folder of the reranker's scores
   * @param reranker its identity, which stands in the file too
   */
  ScoreFileWriter(StoreFolder folder, String reranker) throws IOException {
    this.folder = folder;
    this.name = UUID.randomUUID() + ".parquet";
    this.aside = folder.aside(name);
    try {
      OutputStream file = folder.create(aside);
      this.stream = new FSDataOutputStream(new DigestOutputStream(file, digest), null);
      this.writer = writer(stream, reranker);
    } catch (IOException e) {
      folder.discard(aside); // it may be there all the same
      throw e;
    }
  }

  private static ParquetWriter<Group> writer(FSDataOutputStream stream, String reranker)
      throws IOException {
    return ExampleParquetWriter.builder(new Stream(stream))
        .withType(SCHEMA)
        .withCompressionCodec(CompressionCodecName.UNCOMPRESSED)
        .withDictionaryEncoding(false)
        .withDictionaryEncoding(DAY, true)
        .withDictionaryEncoding(LENGTH, true)
        .withRowGroupSize(ROW_GROUP_BYTES)
        .withPageWriteChecksumEnabled(true)
        .withExtraMetaData(
            Map.of(
                "rankspark.store.layout",
                Integer.toString(StoreLayout.VERSION),
                "rankspark.store.reranker",
                reranker))
        .build();
  }

  void add(PairKey key, float score, int day) throws IOException {
    writer.write(
        ROWS.newGroup()
            .append(HIGH, key.high())
            .append(LOW, key.low())
            .append(LENGTH, key.length())
            .append(SCORE, score)
            .append(DAY, day));
    rows++;
    oldest = Math.min(oldest, day);
    newest = Math.max(newest, day);
  }

  /** Ends the file and gives it its name; it counts once a manifest names it. */
  ScoreFile publish() throws IOException {
    writer.close();
    long bytes = stream.getPos();
    folder.publish(aside, name, bytes);
    published = true;
    return new ScoreFile(name, rows, bytes, Sha256.hex(digest), oldest, newest);
  }

  /** Leaves nothing unless it was published. */
  @Override
  public void close() {
    if (!published) {
      try {
        stream.close();
      } catch (IOException e) {
        // what could not be written is thrown away
      }
      folder.discard(aside);
    }
  }

  /** The stream as Parquet takes one. */
  private record Stream(FSDataOutputStream stream) implements OutputFile {
    @Override
    public PositionOutputStream create(long blockSizeHint) {
      return HadoopStreams.wrap(stream);
    }

    @Override
    public PositionOutputStream createOrOverwrite(long blockSizeHint) {
      return create(blockSizeHint);
    }

    @Override
    public boolean supportsBlockSize() {
      return false;
    }

    @Override
    public long defaultBlockSize() {
      return 0;
    }
  }
}
