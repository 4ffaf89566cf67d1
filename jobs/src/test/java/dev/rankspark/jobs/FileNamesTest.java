package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.io.FileUtils;
import org.apache.spark.sql.SaveMode;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files and folders of all names that people give, for what is read and what is written. */
class FileNamesTest {
  @TempDir private Path folder;

  private String expected;

  @BeforeEach
  void readExpected() {
    expected = Cli.read(Path.of(Cli.reference("expected/rerank_input.jsonl")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2024-05-01T12:30:00",
        "a[1]",
        "a{b,c}*?",
        "_a",
        ".a",
        "a b 100% %20#c+d&e=f;g@h",
        "donn\u00e9es 'a' \"b\"",
        "a,b\\c",
        "~a",
        "hdfs:a"
      })
  void filesAndTheirFolder(String name) throws IOException {
    Path odd = Files.createDirectory(folder.resolve(name));
    Path queries = copy("data/queries.tsv", odd.resolve(name + ".tsv"));
    Path corpus = copy("data/corpus.jsonl", odd.resolve(name + ".jsonl"));
    Path run = copy("data/run.trec", odd.resolve(name + ".txt"));
    Path prepared = odd.resolve("out/" + name + ".jsonl");

    assertSucceeds(prepare(queries.toString(), corpus.toString(), run, prepared));
    assertThat(Cli.read(prepared)).isEqualTo(expected);
    assertThat(prepared.getParent().toFile().list()).containsExactly(name + ".jsonl");

    Path converted = odd.resolve("out/" + name);
    assertSucceeds(Cli.run("convert", "--input", run.toString(), "--output", converted.toString()));
    assertSucceeds(
        Cli.run(
            "convert", "--input", run.toString(), "--output", converted.toString(), "--overwrite"));
    assertThat(Files.readAllLines(converted)).hasSameSizeAs(Files.readAllLines(run));
    Path qrels = copy("data/qrels.txt", odd.resolve(name));
    Cli.Result measured = Cli.run("evaluate", qrels.toString(), converted.toString());
    assertSucceeds(measured);
    assertThat(measured.out()).contains("num_q");
    assertThat(odd.resolve("out").toFile().list()).containsExactlyInAnyOrder(name, name + ".jsonl");
  }

  @Test
  void modelsAndRuns() throws IOException {
    Path odd = Files.createDirectory(folder.resolve("12:30 [1]"));
    FileUtils.copyDirectory(Path.of(Cli.reference("base")).toFile(), odd.resolve("b:[]").toFile());
    FileUtils.copyDirectory(
        Path.of(Cli.reference("adapter")).toFile(), odd.resolve("a:{}").toFile());
    Path input = copy("expected/rerank_input.jsonl", odd.resolve("in:*.jsonl"));
    assertSucceeds(rerank(input, odd.resolve("b:[]"), odd.resolve("a:{}"), odd.resolve("o:*")));
    Path plain = folder.resolve("plain.txt");
    assertSucceeds(
        rerank(
            Path.of(Cli.reference("expected/rerank_input.jsonl")),
            Path.of(Cli.reference("base")),
            Path.of(Cli.reference("adapter")),
            plain));
    assertThat(odd.resolve("o:*")).hasSameBinaryContentAs(plain);

    Path merged = odd.resolve("out/m:[?]");
    assertSucceeds(
        Cli.run(
            "merge",
            "--model-name-or-path",
            odd.resolve("b:[]").toString(),
            "--lora-name-or-path",
            odd.resolve("a:{}").toString(),
            "--output-dir",
            merged.toString()));
    assertThat(merged.resolve("model.safetensors")).isNotEmptyFile();
    assertThat(odd.resolve("out").toFile().list()).containsExactly("m:[?]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"12:30.parquet", "a[1].parquet", "a{b,c} %20#.parquet"})
  void parquet(String name) throws IOException {
    Path parquet =
        parquet(
            Cli.reference("data/corpus.jsonl"),
            "docid STRING, title STRING, text STRING, url STRING",
            "corpus");
    Path odd = Files.createDirectory(folder.resolve("x:[y]"));
    Path corpus = Files.move(parquet, odd.resolve(name));
    Path output = folder.resolve("out.jsonl");
    assertSucceeds(
        prepare(
            Cli.reference("data/queries.tsv"),
            corpus.toString(),
            Path.of(Cli.reference("data/run.trec")),
            output));
    assertThat(Cli.read(output)).isEqualTo(expected);
  }

  /** Spark would begin with the largest file, and take the columns of any one of them. */
  @Test
  void ofParquetFilesTheLastPassageCountsAndNoTitleIsLost() throws IOException {
    List<String> big = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      big.add("{\"docid\": \"d" + i + "\", \"text\": \"old " + i * 7919 + "\"}");
    }
    Path old = Files.write(folder.resolve("old.jsonl"), big);
    Path other =
        Files.writeString(
            folder.resolve("new.jsonl"),
            "{\"docid\": \"d7\", \"title\": \"T\", \"text\": \"new\"}\n");
    Path all = Files.createDirectory(folder.resolve("all"));
    Files.move(
        parquet(other.toString(), "docid STRING, title STRING, text STRING", "two"),
        all.resolve("b.parquet"));
    Files.move(
        parquet(old.toString(), "docid STRING, text STRING", "one"), all.resolve("a.parquet"));
    Path queries = Files.writeString(folder.resolve("q.tsv"), "q\twhy\n");
    Path run = Files.writeString(folder.resolve("r.txt"), "q d7 1.5\n");
    Path output = folder.resolve("out.jsonl");
    assertSucceeds(prepare(queries.toString(), all.toString(), run, output));
    assertThat(Cli.read(output)).contains("\"title\": \"T\"", "\"text\": \"new\"");
  }

  @Test
  void anOddNeighbourBreaksNoGlob() throws IOException {
    List<String> lines = Files.readAllLines(Path.of(Cli.reference("data/corpus.jsonl")));
    Path parts = Files.createDirectories(folder.resolve("2024:01/parts"));
    Files.write(parts.resolve("corpus-1.jsonl"), lines.subList(0, 40));
    Files.write(parts.resolve("corpus-12:30.jsonl"), lines.subList(40, 80));
    Files.write(parts.resolve("corpus-[3].jsonl"), lines.subList(80, lines.size()));
    for (String neighbour : List.of("x:y", "a:b.jsonl", "[.jsonl", "_SUCCESS", ".corpus-1.jsonl")) {
      Files.writeString(parts.resolve(neighbour), "no data");
    }
    Files.writeString(folder.resolve("2024:01/other:file"), "no data");
    Files.writeString(folder.resolve("c:d"), "no data");
    Path output = folder.resolve("out.jsonl");
    for (String glob :
        List.of("/2024:01/parts/corpus-*", "/*/parts/c{orpus-1*,orpus-?3*}", "/2024*/*/corpus*l")) {
      assertSucceeds(
          prepare(
              Cli.reference("data/queries.tsv"),
              folder + glob,
              Path.of(Cli.reference("data/run.trec")),
              output,
              "--overwrite"));
      assertThat(Cli.read(output)).as(glob).isEqualTo(expected);
    }
  }

  @Test
  void aGlobOfNothingIsNamed() {
    for (String glob : List.of("/none*.jsonl", "/none[.jsonl", "/none{.jsonl", "/none/*.jsonl")) {
      Cli.Result result =
          prepare(
              Cli.reference("data/queries.tsv"),
              folder + glob,
              Path.of(Cli.reference("data/run.trec")),
              folder.resolve("out.jsonl"));
      assertThat(result.exitCode()).as(result.err()).isEqualTo(Main.INPUT);
      assertThat(result.lastLine()).startsWith("rankspark: --corpus: " + folder + glob);
    }
  }

  @Test
  void aTildeIsTheHomeDirectoryOrRefused() {
    String missing = "~/" + folder.getFileName() + "-missing.txt";
    String run = Cli.reference("data/run.trec");
    assertRefused(
        Cli.run("convert", "--input", missing, "--output", folder + "/x"),
        missing + " does not exist");
    assertRefused(
        Cli.run("convert", "--input", run, "--output", "~somebody/x"),
        "~somebody/x: ~ stands for the home directory as ~/... only");
    assertRefused(
        Cli.run(
            "merge", "--model-name-or-path", Cli.reference("mistral"), "--output-dir", "~somebody"),
        "~somebody: ~ stands");
    assertThat(Path.of("~")).doesNotExist();
    assertThat(Path.of("~somebody")).doesNotExist();
  }

  @Test
  void aSchemeWithoutItsSlashesIsNoFileName() {
    assertRefused(
        Cli.run("convert", "--input", Cli.reference("data/run.trec"), "--output", "hdfs:run.txt"),
        "hdfs:run.txt is no path: expected hdfs://..., or ./hdfs:run.txt for a file of that name");
  }

  private Path parquet(String json, String columns, String name) throws IOException {
    Path table = folder.resolve(name + ".table");
    Cli.startSpark()
        .read()
        .schema(columns)
        .json(json)
        .coalesce(1)
        .write()
        .mode(SaveMode.Overwrite)
        .parquet(table.toString());
    try (var files = Files.list(table)) {
      return files
          .filter(
              file ->
                  file.toString().endsWith(".parquet")
                      && file.getFileName().toString().startsWith("part"))
          .findFirst()
          .orElseThrow();
    }
  }

  private static Path copy(String reference, Path to) throws IOException {
    return Files.copy(Path.of(Cli.reference(reference)), to);
  }

  private static Cli.Result prepare(
      String queries, String corpus, Path run, Path output, String... more) {
    return Cli.run(Cli.prepare(queries, corpus, run, output, "--depth", "10"), more);
  }

  private static Cli.Result rerank(Path input, Path model, Path lora, Path output) {
    return Cli.run(
        "rerank",
        "--model-name-or-path",
        model.toString(),
        "--lora-name-or-path",
        lora.toString(),
        "--dataset-path",
        input.toString(),
        "--dtype",
        "float32",
        "--rerank-output-path",
        output.toString());
  }

  private static void assertSucceeds(Cli.Result result) {
    assertThat(result.exitCode()).as(result.err()).isZero();
  }

  private static void assertRefused(Cli.Result result, String message) {
    assertThat(result.exitCode()).as(result.err()).isEqualTo(Main.INPUT);
    assertThat(result.lastLine()).startsWith("rankspark: " + message);
  }
}
