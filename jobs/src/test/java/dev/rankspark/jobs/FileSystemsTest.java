package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** File systems that are not there: one line with the path and the remedy. */
class FileSystemsTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "s3a://b/x.txt, --packages org.apache.hadoop:hadoop-aws:3.",
    "s3://b/x.txt, write s3a:// and add --packages org.apache.hadoop:hadoop-aws:3.",
    "gs://b/x.txt, --packages com.google.cloud.bigdataoss:gcs-connector:hadoop3-",
    "abfss://c@a.dfs.core.windows.net/x.txt, --packages org.apache.hadoop:hadoop-azure:3.",
    "wasbs://c@a.blob.core.windows.net/x.txt, --packages org.apache.hadoop:hadoop-azure:3.",
    "nowhere://b/x.txt, no file system is known for nowhere://",
    "hdfs://no-such-host.invalid:8020/x.txt, host of its address is not known",
    "hdfs://127.0.0.1:9/x.txt, its host does not answer"
  })
  void everyReaderAndWriterSaysSo(String path, String remedy) {
    String run = Cli.reference("data/run.trec");
    List<List<String>> commands =
        List.of(
            List.of("convert", "--input", path, "--output", folder + "/out"),
            List.of("convert", "--input", run, "--output", path),
            List.of("evaluate", path, run),
            prepare(path, folder + "/out"),
            prepare(Cli.reference("data/queries.tsv"), path),
            List.of("merge", "--model-name-or-path", path, "--output-dir", folder + "/out"),
            List.of(
                "merge", "--model-name-or-path", Cli.reference("mistral"), "--output-dir", path));
    // The one that does not answer costs ten seconds.
    boolean isSlow = path.contains("127.0.0.1");
    for (List<String> command : isSlow ? commands.subList(3, 4) : commands) {
      Cli.Result result = Cli.run(command.toArray(String[]::new));
      assertThat(result.exitCode()).as(command + result.err()).isEqualTo(Main.INPUT);
      assertThat(result.lastLine()).as(command.toString()).contains(path, remedy);
      assertThat(folder).isEmptyDirectory();
    }
  }

  private static List<String> prepare(String queries, String output) {
    return Cli.prepare(
        queries, Cli.reference("data/corpus.jsonl"), Cli.reference("data/run.trec"), output);
  }
}
