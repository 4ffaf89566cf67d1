package dev.rankspark.corpus;

import dev.rankspark.InputException;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.files.InputFiles.InputFile;
import dev.rankspark.files.LocalFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.metadata.BlockMetaData;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.parquet.schema.Type;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;

/**
 * What the ends of Parquet files say, looked at before Spark reads them: it takes one file's
 * columns for those of all, and its errors are its own.
 */
final class ParquetFooters {
  private static final String MAGIC = "PAR1";

  private ParquetFooters() {}

  /**
   * One file.
   *
   * @param types of the top columns, by their names
   */
  private record Footer(String name, Map<String, String> types) implements Serializable {}

  /**
   * Refuses files that Spark could not read, or would read otherwise than the first of them.
   *
   * @throws InputException naming the file; inside an exception of Spark's where a task found it
   */
  static void check(SparkSession spark, List<InputFile> files, String option) {
    JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
    Configuration settings = new Configuration(spark.sparkContext().hadoopConfiguration());
    settings.setClassLoader(LocalFiles.class.getClassLoader());
    LocalFiles.settings().forEach(settings::set);
    Broadcast<HadoopSettings> hadoop = context.broadcast(new HadoopSettings(settings));
    List<String[]> named =
        files.stream().map(file -> new String[] {file.name(), file.path().toString()}).toList();
    List<Footer> footers =
        context
            .parallelize(named, Math.min(named.size(), context.defaultParallelism()))
            .map(file -> footer(option, file[0], new Path(file[1]), hadoop.value().value()))
            .collect();
    Footer first = footers.get(0);
    for (Footer footer : footers) {
      first.types.forEach(
          (column, type) -> {
            String here = footer.types.getOrDefault(column, "none");
            if (!here.equals(type)) {
              throw InputException.of(
                  "%s: %s: expected the column \"%s\" as in %s, %s, got %s",
                  option, footer.name, column, first.name, type, here);
            }
          });
    }
  }

  private static Footer footer(String option, String name, Path path, Configuration hadoop) {
    try (ParquetFileReader reader =
        ParquetFileReader.open(HadoopInputFile.fromPath(path, hadoop))) {
      for (BlockMetaData block : reader.getFooter().getBlocks()) {
        for (ColumnChunkMetaData column : block.getColumns()) {
          checkCodec(option, name, column.getCodec());
        }
      }
      return new Footer(
          name,
          reader.getFileMetaData().getSchema().getFields().stream()
              .collect(Collectors.toMap(Type::getName, ParquetFooters::type)));
    } catch (InputException e) {
      throw e;
    } catch (IOException | RuntimeException e) {
      throw new InputException(
          String.format(
              Locale.ROOT,
              "%s: %s: %s (%s)",
              option,
              name,
              beginsAsParquet(path, hadoop)
                  ? "the Parquet file is cut or damaged; copy or download it again"
                  : "expected Parquet, as the name says, got other bytes",
              e.getMessage()),
          e);
    }
  }

  private static String type(Type type) {
    return type.isPrimitive()
        ? type.asPrimitiveType().getPrimitiveTypeName().name().toLowerCase(Locale.ROOT)
        : "a group";
  }

  private static void checkCodec(String option, String name, CompressionCodecName codec) {
    String codecClass = codec.getHadoopCompressionCodecClassName();
    if (codecClass == null) {
      return;
    }
    try {
      Class.forName(codecClass, false, Thread.currentThread().getContextClassLoader());
    } catch (ClassNotFoundException e) {
      throw new InputException(
          String.format(
              Locale.ROOT,
              "%s: %s is Parquet compressed by %s, for which this Spark has no codec (%s); write it"
                  + " anew with zstd, snappy or gzip, such as by pandas'"
                  + " to_parquet(..., compression=\"zstd\")",
              option,
              name,
              codec.name().toLowerCase(Locale.ROOT),
              codecClass),
          e);
    }
  }

  private static boolean beginsAsParquet(Path path, Configuration hadoop) {
    try (InputStream bytes = path.getFileSystem(hadoop).open(path)) {
      return new String(bytes.readNBytes(MAGIC.length()), StandardCharsets.ISO_8859_1)
          .equals(MAGIC);
    } catch (IOException e) {
      return false; // it explains an error, and makes none
    }
  }
}
