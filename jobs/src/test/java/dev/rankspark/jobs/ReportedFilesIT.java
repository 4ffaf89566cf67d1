package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files and outputs as users reported them, by the launcher: shells make pipes of them. */
class ReportedFilesIT {
  private static final Path HOME = Path.of(System.getProperty("rankspark.home"));

  /** What stands in the defaults of clusters. */
  private static final Map<String, String> DEFAULTS =
      Map.of(
          "spark.hadoop.mapreduce.output.fileoutputformat.compress", "true",
          "spark.hadoop.textinputformat.record.delimiter", "e",
          "spark.files.ignoreCorruptFiles", "true",
          "spark.sql.files.maxRecordsPerFile", "1",
          "spark.sql.retainGroupColumns", "false",
          "spark.sql.ansi.enabled", "true",
          "spark.sql.caseSensitive", "false",
          "spark.sql.session.timeZone", "Asia/Kathmandu",
          "spark.sql.sources.useV1SourceList", "json",
          "spark.sql.shuffle.partitions", "2");

  @TempDir private Path folder;

  @Test
  void aClustersDefaultsAndAShellsPipes() throws Exception {
    String conf =
        DEFAULTS.entrySet().stream()
            .map(setting -> "--conf " + setting.getKey() + "=" + setting.getValue())
            .collect(Collectors.joining(" "));
    String script =
        """
        set -e
        cd %2$s
        data=%1$s/reference/data
        prepare() {
          %1$s/bin/rankspark prepare --corpus $data/corpus.jsonl --queries $data/queries.tsv --retrieval-results $data/run.trec --depth 10 "$@"
        }
        prepare --output-path out.jsonl 2>log
        prepare --output-path /dev/stdout --overwrite 2>>log >stdout.jsonl
        %1$s/bin/rankspark convert --input $data/run.trec --output >(cat >piped) 2>>log
        %1$s/bin/rankspark convert --input <(cat $data/run.trec) --output converted 2>>log
        echo before >appended
        cat $data/run.trec | %1$s/bin/rankspark convert --input /dev/stdin --output /dev/stdout >>appended
        sleep 1
        """
            .formatted(HOME, folder);
    PythonIT.run(
        folder, Map.of("SPARK_HOME", "", "RANKSPARK_SPARK_ARGS", conf), "bash", "-c", script);

    String expected = Cli.read(Path.of(Cli.reference("expected/rerank_input.jsonl")));
    assertThat(folder.resolve("out.jsonl")).hasContent(expected);
    assertThat(folder.resolve("stdout.jsonl")).hasContent(expected);
    String converted = Files.readString(folder.resolve("converted"));
    assertThat(converted).contains(" Q0 ");
    assertThat(folder.resolve("piped")).hasContent(converted);
    assertThat(folder.resolve("appended")).hasContent("before\n" + converted);
  }
}
