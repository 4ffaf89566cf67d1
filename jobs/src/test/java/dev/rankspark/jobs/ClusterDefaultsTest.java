package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a cluster's administrator, or a notebook, has set changes no byte of what we write. */
class ClusterDefaultsTest {
  private static final Map<String, String> HADOOP =
      Map.ofEntries(
          Map.entry("mapreduce.output.fileoutputformat.compress", "true"),
          Map.entry(
              "mapreduce.output.fileoutputformat.compress.codec",
              "org.apache.hadoop.io.compress.GzipCodec"),
          Map.entry("mapreduce.output.fileoutputformat.compress.type", "BLOCK"),
          Map.entry("mapreduce.output.textoutputformat.separator", ";"),
          Map.entry("mapreduce.fileoutputcommitter.algorithm.version", "2"),
          Map.entry("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false"),
          Map.entry("mapreduce.input.fileinputformat.split.maxsize", "1000"),
          Map.entry("mapreduce.input.fileinputformat.input.dir.recursive", "true"),
          Map.entry("mapreduce.input.linerecordreader.line.maxlength", "40"),
          Map.entry("textinputformat.record.delimiter", "e"),
          Map.entry("fs.permissions.umask-mode", "077"),
          Map.entry("io.file.buffer.size", "512"),
          Map.entry("parquet.compression", "LZO"));

  private static final Map<String, String> SQL =
      Map.ofEntries(
          Map.entry("spark.sql.caseSensitive", "false"),
          Map.entry("spark.sql.ansi.enabled", "true"),
          Map.entry("spark.sql.session.timeZone", "Asia/Kathmandu"),
          Map.entry("spark.sql.retainGroupColumns", "false"),
          Map.entry("spark.sql.files.maxRecordsPerFile", "1"),
          Map.entry("spark.sql.files.maxPartitionBytes", "500"),
          Map.entry("spark.sql.files.ignoreCorruptFiles", "true"),
          Map.entry("spark.sql.files.ignoreMissingFiles", "true"),
          Map.entry("spark.sql.parquet.compression.codec", "lzo"),
          Map.entry("spark.sql.parquet.mergeSchema", "false"),
          Map.entry("spark.sql.parquet.binaryAsString", "true"),
          Map.entry("spark.sql.parquet.writeLegacyFormat", "true"),
          Map.entry("spark.sql.jsonGenerator.ignoreNullFields", "true"),
          Map.entry("spark.sql.legacy.timeParserPolicy", "LEGACY"),
          Map.entry("spark.sql.legacy.castComplexTypesToString.enabled", "true"),
          Map.entry("spark.sql.sources.default", "orc"),
          Map.entry("spark.sql.sources.useV1SourceList", ""),
          Map.entry("spark.sql.sources.partitionOverwriteMode", "dynamic"),
          Map.entry("spark.sql.shuffle.partitions", "1"),
          Map.entry("spark.sql.adaptive.enabled", "false"),
          Map.entry("spark.sql.autoBroadcastJoinThreshold", "-1"));

  @TempDir private Path folder;

  @AfterEach
  void takeBack() {
    SparkSession spark = Cli.startSpark();
    HADOOP.keySet().forEach(spark.sparkContext().hadoopConfiguration()::unset);
    SQL.keySet().forEach(spark.conf()::unset);
    spark.conf().set("spark.sql.shuffle.partitions", "3");
  }

  @Test
  void theBytesAreThoseOfSparksOwnDefaults() throws IOException {
    SparkSession spark = Cli.startSpark();
    Path parquet = folder.resolve("corpus");
    spark
        .read()
        .json(Cli.reference("data/corpus.jsonl"))
        .selectExpr(
            "docid",
            "title",
            "text",
            "timestamp'2024-05-01 12:30:00Z' AS at",
            "date'1912-10-12' AS day",
            "CAST(NULL AS STRING) AS nothing")
        .write()
        .option("parquet.enable.dictionary", "true")
        .mode(SaveMode.Overwrite)
        .parquet(parquet.toString());

    all(parquet, folder.resolve("plain"));
    HADOOP.forEach(spark.sparkContext().hadoopConfiguration()::set);
    SQL.forEach(spark.conf()::set);
    all(parquet, folder.resolve("hostile"));

    for (String name : List.of("lines.jsonl", "table.jsonl", "run.txt", "run.trec", "run.marco")) {
      assertThat(folder.resolve("hostile/" + name))
          .hasSameBinaryContentAs(folder.resolve("plain/" + name));
    }
    assertThat(Cli.read(folder.resolve("hostile/lines.jsonl")))
        .isEqualTo(Cli.read(Path.of(Cli.reference("expected/rerank_input.jsonl"))));
    assertThat(Cli.read(folder.resolve("hostile/table.jsonl")))
        .contains(
            "\"at\": \"2024-05-01T12:30:00.000Z\", \"day\": \"1912-10-12\", \"nothing\": null");
    assertThat(spark.conf().get("spark.sql.session.timeZone")).isEqualTo("Asia/Kathmandu");
  }

  @Test
  void aListOfCodecsThatAreNotThereReadsAllTheSame() {
    Configuration hadoop = Cli.startSpark().sparkContext().hadoopConfiguration();
    String before = hadoop.get("io.compression.codecs");
    hadoop.set("io.compression.codecs", "com.hadoop.compression.lzo.LzopCodec");
    try {
      all(Path.of(Cli.reference("data/corpus.jsonl")), folder.resolve("out"));
    } finally {
      if (before == null) {
        hadoop.unset("io.compression.codecs");
      } else {
        hadoop.set("io.compression.codecs", before);
      }
    }
  }

  /** Every command that writes text, into one folder. */
  private static void all(Path table, Path out) {
    prepare(Cli.reference("data/corpus.jsonl"), out.resolve("lines.jsonl"));
    prepare(table.toString(), out.resolve("table.jsonl"));
    run(
        "rerank",
        "--model-name-or-path",
        Cli.reference("mistral"),
        "--dtype",
        "float32",
        "--dataset-path",
        out.resolve("lines.jsonl").toString(),
        "--rerank-output-path",
        out.resolve("run.txt").toString(),
        "--trec-output-path",
        out.resolve("run.trec").toString());
    run(
        "convert",
        "--to",
        "marco",
        "--input",
        out.resolve("run.txt").toString(),
        "--output",
        out.resolve("run.marco").toString());
  }

  private static void prepare(String corpus, Path output) {
    List<String> args =
        Cli.prepare(
            Cli.reference("data/queries.tsv"),
            corpus,
            Cli.reference("data/run.trec"),
            output,
            "--depth",
            "10");
    run(args.toArray(String[]::new));
  }

  private static void run(String... args) {
    Cli.Result result = Cli.run(args);
    assertThat(result.exitCode()).as(result.err()).isZero();
  }
}
