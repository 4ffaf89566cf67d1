package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;

/** Queries and passages in Parquet. */
class ParquetTextsTest extends PreparedTextsTest {
  /** A query of id 310, as pyarrow writes it with {@code compression="brotli"}. */
  private static final String BROTLI =
      "UEFSMRUAFRoVIiwVAhUAFQYVBhwAAAALBoACAAAAAgEDAAAAMzEwAxUAFSQVLCwVAhUAFQYVBhwAAACLCIACAAAAAgEIAAAA"
          + "aG93IGxvbmcDFQQZPDUAGAZzY2hlbWEVBAAVDCUCGAhxdWVyeV9pZCUATBwAAAAVDCUCGAVxdWVyeSUATBwAAAAWAhkc"
          + "GSwmABwVDBklBgAZGAhxdWVyeV9pZBUIFgIWQBZIJghJHBUAFQAVAgA8FgYZBhkmAAIAAAAmABwVDBklBgAZGAVxdWVy"
          + "eRUIFgIWShZSJlBJHBUAFQAVAgA8FhAZBhkmAAIAAAAWigEWAiYIFpoBACggcGFycXVldC1jcHAtYXJyb3cgdmVyc2lv"
          + "biAyNi4wLjEZLBwAABwAAADXAAAAUEFSMQ==";

  @Test
  void parquetOfBeir() {
    String expected = prepared();
    SparkSession spark = Cli.startSpark();
    Path q = folder.resolve("queries.parquet");
    spark
        .sql("select 310 as _id, 'why' as text union all select 24, 'when'")
        .coalesce(1)
        .write()
        .parquet(q.toString());
    Path c = folder.resolve("corpus.parquet");
    spark
        .sql("select 'd1' as _id, 'One' as title, 'a' as text union all select 'd2', '', 'b'")
        .write()
        .parquet(c.toString());
    queries = q;
    corpus = c;
    assertThat(prepared()).isEqualTo(expected);
  }

  @Test
  void parquetThatSparkCannotRead() throws IOException {
    queries = folder.resolve("q.parquet");
    byte[] brotli = Base64.getDecoder().decode(BROTLI);
    Files.write(queries, brotli);
    assertRefused(
        prepare(), queries + " is Parquet compressed by brotli", "write it anew with zstd");
    Files.write(queries, Arrays.copyOf(brotli, 200));
    assertRefused(prepare(), queries + ": the Parquet file is cut or damaged");
    Files.writeString(queries, "310\twhy\n");
    assertRefused(prepare(), queries + ": expected Parquet, as the name says, got other bytes");
  }

  @Test
  void parquetThatIsDamagedWithin() throws IOException {
    Path parquet = folder.resolve("q");
    Cli.startSpark()
        .sql(
            "select cast(310 + id as string) as query_id, cast(id * 7919 as string) as query from range(5000)")
        .coalesce(1)
        .write()
        .parquet(parquet.toString());
    try (var files = Files.list(parquet)) {
      queries =
          files.filter(file -> file.toString().endsWith(".parquet")).findFirst().orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(queries);
    Arrays.fill(bytes, 10, bytes.length / 2, (byte) 0x55);
    queries = Files.write(folder.resolve("damaged.parquet"), bytes);
    assertRefused(prepare(), queries + " cannot be read, it may be damaged");
  }

  @Test
  void parquetFilesOfOtherColumns() throws IOException {
    SparkSession spark = Cli.startSpark();
    Path both = Files.createDirectory(folder.resolve("both"));
    spark.sql("select 'd1' as docid, 'a' as text").coalesce(1).write().parquet(both + "/1.parquet");
    spark.sql("select 'd2' as _id, 'b' as text").coalesce(1).write().parquet(both + "/2.parquet");
    corpus = both.resolve("*");
    assertRefused(prepare(), "expected the column \"docid\" as in", "got none");
  }

  @Test
  void aListWhereATextIsExpected() {
    Path parquet = folder.resolve("c.parquet");
    Cli.startSpark()
        .sql("select 'd1' as docid, array('a', 'b') as text")
        .coalesce(1)
        .write()
        .parquet(parquet.toString());
    corpus = parquet;
    assertRefused(prepare(), "expected texts in the column \"text\", got array<string>");
  }
}
