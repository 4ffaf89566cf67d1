package dev.rankspark.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.files.InputPaths;
import dev.rankspark.files.InputPaths.Content;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Data sets by their names: which files of a repository are fetched and read. */
class DataSetsTest {
  private static final Configuration HADOOP = new Configuration();

  @TempDir private Path folder;

  private HubServer server;

  @BeforeEach
  void start() throws IOException {
    server = new HubServer();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private List<String> files(InputPaths asked, String... variables) {
    Map<String, String> environment =
        variables.length == 0
            ? Map.of("HF_ENDPOINT", server.endpoint(), "HF_HOME", folder.toString())
            : Map.of(variables[0], variables[1], "HF_HOME", folder.toString());
    Hub hub = new Hub(HubSettings.of(environment, folder), DownloadListener.NONE);
    InputPaths found = hub.data(asked, HADOOP);
    assertThat(found.split()).isEmpty();
    assertThat(found.option()).isEqualTo(asked.option());
    return found.paths().stream()
        .peek(file -> assertThat(Path.of(file)).exists())
        .map(file -> file.replaceFirst(".*/snapshots/[^/]*/", ""))
        .toList();
  }

  private static InputPaths queries(String name, String split) {
    return InputPaths.ofSplit("--query-data-name", name, split).holding(Content.QUERIES);
  }

  private static InputPaths corpus(String name) {
    return InputPaths.ofSplit("--corpus-data-name", name, "train").holding(Content.CORPUS);
  }

  @Test
  void tevatronsDataSetsByTheirSplits() {
    server
        .dataset("Tevatron/msmarco-passage")
        .with("README.md", "")
        .with("msmarco-passage.py", "raise SystemExit")
        .with("dev.jsonl.gz", "dev")
        .with("dl19.jsonl.gz", "dl19")
        .with("train.jsonl.gz", "train");
    server
        .dataset("Tevatron/msmarco-passage-corpus")
        .with("msmarco-passage-corpus.py", "raise SystemExit")
        .with("corpus.jsonl.gz", "corpus");

    assertThat(files(queries("Tevatron/msmarco-passage", "dl19"))).containsExactly("dl19.jsonl.gz");
    assertThat(files(corpus("Tevatron/msmarco-passage-corpus"))).containsExactly("corpus.jsonl.gz");
    assertThat(files(InputPaths.ofSplit("--dataset-name", "Tevatron/msmarco-passage", "train")))
        .containsExactly("train.jsonl.gz");
    assertThat(server.fetched())
        .containsExactly("dl19.jsonl.gz", "corpus.jsonl.gz", "train.jsonl.gz");
    assertThatThrownBy(() -> files(queries("Tevatron/msmarco-passage", "dl20")))
        .hasMessage(
            "--query-data-name: there is no directory Tevatron/msmarco-passage, and"
                + " Tevatron/msmarco-passage has no data of split \"dl20\":"
                + " expected a file such as dl20.jsonl.gz, found dev.jsonl.gz, dl19.jsonl.gz,"
                + " train.jsonl.gz");
  }

  @Test
  void beirsQueriesAndCorpusLieInFoldersOfParquet() {
    server
        .dataset("BeIR/scifact")
        .with("README.md", "")
        .with("corpus/corpus-00000-of-00001.parquet", "corpus")
        .with("queries/queries-00000-of-00001.parquet", "queries");

    assertThat(files(queries("BeIR/scifact", "test")))
        .containsExactly("queries/queries-00000-of-00001.parquet");
    assertThat(files(corpus("BeIR/scifact")))
        .containsExactly("corpus/corpus-00000-of-00001.parquet");
  }

  @Test
  void ofAProgramTheConvertedFilesAreTaken() {
    server.dataset("BeIR/nfcorpus").with("nfcorpus.py", "raise SystemExit");
    server
        .add("datasets/BeIR/nfcorpus@refs/convert/parquet", "c".repeat(40))
        .with("corpus/corpus/0000.parquet", "corpus")
        .with("queries/queries/0000.parquet", "queries");
    server.dataset("org/set").with("set.py", "raise SystemExit").with("dataset_infos.json", "{}");
    server
        .add("datasets/org/set@refs/convert/parquet", "d".repeat(40))
        .with("default/partial-train/0000.parquet", "a part")
        .with("default/test/0000.parquet", "a")
        .with("default/test/0001.parquet", "b");

    assertThat(files(queries("BeIR/nfcorpus", "test")))
        .containsExactly("queries/queries/0000.parquet");
    assertThat(files(corpus("BeIR/nfcorpus"))).containsExactly("corpus/corpus/0000.parquet");
    InputPaths test = InputPaths.ofSplit("--dataset-name", "org/set", "test");
    assertThat(files(test))
        .containsExactly("default/test/0000.parquet", "default/test/0001.parquet");
    assertThat(files(test, "HF_HUB_OFFLINE", "1")).hasSize(2);
    assertThatThrownBy(() -> files(InputPaths.ofSplit("--dataset-name", "org/set", "train")))
        .hasMessageEndingWith(
            "org/set has no split \"train\" that is converted whole: found partial-train, test");
    assertThat(server.fetched()).noneMatch(file -> file.endsWith(".py"));
  }

  @Test
  void offlineAllShardsMustBeThere() throws IOException {
    server
        .dataset("org/set")
        .with("data/train-00000-of-00002.parquet", "a")
        .with("data/train-00001-of-00002.parquet", "b");
    InputPaths train = InputPaths.ofSplit("--dataset-name", "org/set", "train");
    assertThat(files(train)).hasSize(2);
    assertThat(files(train, "HF_HUB_OFFLINE", "1")).hasSize(2);

    java.nio.file.Files.delete(
        Path.of(
            new Hub(
                    HubSettings.of(
                        Map.of("HF_HOME", folder.toString(), "HF_HUB_OFFLINE", "1"), folder),
                    DownloadListener.NONE)
                .data(train, HADOOP)
                .paths()
                .get(0)));

    assertThatThrownBy(() -> files(train, "HF_HUB_OFFLINE", "1"))
        .hasMessageContaining(
            "org/set is not whole in the cache "
                + folder.resolve("hub")
                + ", and HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) forbids to ask huggingface.co:"
                + " fetch it where there is a network, by \"hf download --repo-type dataset"
                + " org/set\"");
  }

  @Test
  void aFolderOfThatNameComesFirst() {
    InputPaths here = InputPaths.ofSplit("--dataset-name", folder.toString(), "train");
    Hub hub = new Hub(HubSettings.of(Map.of("HF_HOME", "x"), folder), DownloadListener.NONE);
    assertThat(hub.data(here, HADOOP)).isSameAs(here);
  }
}
