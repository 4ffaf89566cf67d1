package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Outputs that are links, pipes or devices, and inputs that are. */
class OutputTargetsTest {
  private static final String RUN = Cli.reference("data/run.trec");

  @TempDir private Path folder;

  @Test
  void aLinksTargetIsReplacedAndTheLinkStays() throws IOException {
    Path target = Files.writeString(Files.createDirectory(folder.resolve("t")).resolve("r"), "old");
    Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("t/r"));
    Path second = Files.createSymbolicLink(folder.resolve("second"), link);

    assertSucceeds(convert(second, "--overwrite"));

    assertThat(second).isSymbolicLink();
    assertThat(link).isSymbolicLink();
    assertThat(target).isRegularFile().content().contains(" Q0 ");
    assertThat(target.getParent().toFile().list()).containsExactly("r");
    assertThat(folder.toFile().list()).containsExactlyInAnyOrder("t", "link", "second");
  }

  @Test
  void aLinkToNothingMakesItsTarget() throws IOException {
    Path link = Files.createSymbolicLink(folder.resolve("link"), Path.of("t/r"));

    assertSucceeds(convert(link));

    assertThat(link).isSymbolicLink();
    assertThat(folder.resolve("t/r")).content().contains(" Q0 ");
  }

  /** Whoever names a link has said which file, as with a device. */
  @Test
  void aLinkNeedsNoFurtherWord() throws IOException {
    Path target = Files.writeString(folder.resolve("r"), "old");
    Path link = Files.createSymbolicLink(folder.resolve("link"), target);

    assertSucceeds(convert(link));

    assertThat(link).isSymbolicLink();
    assertThat(target).content().contains(" Q0 ");
  }

  @Test
  void linksThatGoInACircleAreRefused() throws IOException {
    Path link = folder.resolve("a");
    Files.createSymbolicLink(link, Path.of("b"));
    Files.createSymbolicLink(folder.resolve("b"), Path.of("a"));

    Cli.Result result = convert(link, "--overwrite");

    assertThat(result.exitCode()).isEqualTo(Main.INPUT);
    assertThat(result.lastLine()).contains(link + " cannot be written: too many levels");
  }

  @Test
  void aFolderBehindALink() throws IOException {
    Path target = Files.createDirectory(folder.resolve("disk"));
    Path link = Files.createSymbolicLink(folder.resolve("model"), target);
    List<String> merge =
        List.of(
            "merge",
            "--model-name-or-path",
            Cli.reference("mistral"),
            "--output-dir",
            link.toString());

    assertSucceeds(Cli.run(merge));
    assertThat(link).isSymbolicLink();
    assertThat(target.resolve("model.safetensors")).isNotEmptyFile();
    assertSucceeds(Cli.run(merge, "--overwrite"));
    assertThat(link).isSymbolicLink();
    assertThat(folder.toFile().list()).containsExactlyInAnyOrder("disk", "model");
  }

  @Test
  void whatIsReadIsNotWrittenThroughALink() throws IOException {
    Path link =
        Files.createSymbolicLink(folder.resolve("model"), Path.of(Cli.reference("mistral")));
    Cli.Result result =
        Cli.run(
            "merge",
            "--model-name-or-path",
            Cli.reference("mistral"),
            "--output-dir",
            link.toString(),
            "--overwrite");
    assertThat(result.exitCode()).isEqualTo(Main.INPUT);
    assertThat(result.lastLine()).contains("is what is read");
  }

  @Test
  void aNamedPipeIsWrittenTo() throws Exception {
    Path pipe = pipe("pipe");
    for (List<String> command :
        List.of(List.of("convert", "--input", RUN, "--output", pipe.toString()), prepare(pipe))) {
      CompletableFuture<String> read = reader(pipe);
      assertSucceeds(Cli.run(command));
      assertThat(read.get(30, TimeUnit.SECONDS))
          .as(command.get(0))
          .isEqualTo(
              command.get(0).equals("prepare")
                  ? Cli.read(Path.of(Cli.reference("expected/rerank_input.jsonl")))
                  : converted());
      assertThat(folder.toFile().list()).contains("pipe");
      assertThat(Files.isRegularFile(pipe)).isFalse();
    }
  }

  @Test
  void aDeviceIsWrittenTo() {
    assertSucceeds(convert(Path.of("/dev/null")));
    assertSucceeds(convert(Path.of("/dev/null"), "--overwrite"));
    assertSucceeds(Cli.run(prepare(Path.of("/dev/null"))));
    assertThat(Files.isRegularFile(Path.of("/dev/null"))).isFalse();

    Cli.Result full = convert(Path.of("/dev/full"));
    assertThat(full.exitCode()).isEqualTo(Main.INPUT);
    assertThat(full.lastLine())
        .isEqualTo("rankspark: /dev/full cannot be written: No space left on device");
  }

  @Test
  void whatOneMachineReadsMayBeAPipe() throws Exception {
    Path pipe = pipe("pipe");
    CompletableFuture<Void> written = CompletableFuture.runAsync(() -> write(pipe));
    Path output = folder.resolve("out");
    assertSucceeds(Cli.run("convert", "--input", pipe.toString(), "--output", output.toString()));
    written.get(30, TimeUnit.SECONDS);
    assertThat(Cli.read(output)).isEqualTo(converted());
  }

  @Test
  void whatSparkReadsMayNotBeAPipeOrADevice() throws Exception {
    for (Path input : List.of(pipe("pipe"), Path.of("/dev/null"))) {
      List<String> args = new java.util.ArrayList<>(prepare(folder.resolve("out")));
      args.set(args.indexOf("--queries") + 1, input.toString());
      Cli.Result result = Cli.run(args);
      assertThat(result.exitCode()).as(result.err()).isEqualTo(Main.INPUT);
      assertThat(result.lastLine())
          .startsWith("rankspark: --queries: " + input + " is a pipe or a device");
    }
  }

  private Cli.Result convert(Path output, String... more) {
    return Cli.run(List.of("convert", "--input", RUN, "--output", output.toString()), more);
  }

  private String converted() {
    Path plain = folder.resolve("plain");
    assertSucceeds(convert(plain, "--overwrite"));
    return Cli.read(plain);
  }

  private static List<String> prepare(Path output) {
    return Cli.prepare(
        Cli.reference("data/queries.tsv"),
        Cli.reference("data/corpus.jsonl"),
        RUN,
        output,
        "--depth",
        "10");
  }

  private Path pipe(String name) throws Exception {
    Path pipe = folder.resolve(name);
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    return pipe;
  }

  private static CompletableFuture<String> reader(Path pipe) {
    return CompletableFuture.supplyAsync(() -> Cli.read(pipe));
  }

  private static void write(Path pipe) {
    try {
      Files.write(pipe, Files.readAllBytes(Path.of(RUN)));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static void assertSucceeds(Cli.Result result) {
    assertThat(result.exitCode()).as(result.err()).isZero();
  }
}
