package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The native libraries that are committed, built again from their sources. */
@Tag("python")
class NativeBuildIT {
  private static final Path SCRIPT = Launched.HOME.resolve("pipeline/src/main/native/build.sh");

  private static final Path COMMITTED =
      Launched.HOME.resolve("pipeline/src/main/resources/dev/rankspark");

  /** The compiler of the libraries that are committed, by which the bytes are the same. */
  private static final String COMPILER = "12.2.0";

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"x86_64", "aarch64"})
  void theyAreWhatTheirSourcesGive(String processor) throws Exception {
    String cross = processor + "-linux-gnu-g++-12";
    assumeTrue(
        Files.exists(Path.of("/usr/bin", cross)) && Files.exists(Path.of("/usr/include/gloo")),
        "apt-get install g++-12 g++-12-aarch64-linux-gnu libgloo-dev");
    String version = run(List.of(cross, "-dumpfullversion")).strip();
    Path torch = PythonIT.PYTHON.resolve("lib");
    try (var versions = Files.list(torch)) {
      torch = versions.findFirst().orElseThrow().resolve("site-packages/torch");
    }

    Cli.Result built =
        Launched.run(
            folder,
            Map.of("TORCH", torch.toString()),
            List.of("bash", SCRIPT.toString(), "--to", folder.toString(), processor));

    assertThat(built.exitCode()).as(built.err()).isZero();
    for (String library :
        List.of(
            "model/linux-" + processor + "/librankspark_cpu.so",
            "distributed/linux-" + processor + "/librankspark_distributed.so")) {
      Path again = folder.resolve(library);
      if (version.equals(COMPILER)) {
        assertThat(again).as(library).hasSameBinaryContentAs(COMMITTED.resolve(library));
      } else {
        assertThat(symbols(again)).as(library).isEqualTo(symbols(COMMITTED.resolve(library)));
      }
    }
    if (processor.equals("x86_64")) {
      theySumAndMultiplyAsTheCommittedOnesDo();
    }
  }

  /** Scores, and a training by two workers, with the libraries in the folder and the jar's. */
  private void theySumAndMultiplyAsTheCommittedOnesDo() throws Exception {
    // What lies there is found before what is in the jar.
    Path first = Files.createDirectories(folder.resolve("first/dev/rankspark"));
    for (String name : List.of("model", "distributed")) {
      Files.move(folder.resolve(name), first.resolve(name));
    }
    String again = "-Xbootclasspath/a:" + folder.resolve("first");

    assertThat(scored("again.txt", again)).hasSameTextualContentAs(scored("committed.txt", ""));
    assertThat(trained("again", again)).hasSameBinaryContentAs(trained("committed", ""));
  }

  private Path scored(String name, String option) throws Exception {
    Path run = folder.resolve(name);
    succeed(option, Cli.rerank(Cli.reference("expected/rerank_input.jsonl"), run));
    return run;
  }

  private Path trained(String name, String option) throws Exception {
    Path dataset = TrainingFiles.write(folder.resolve("train.jsonl"));
    Path output = folder.resolve(name);
    succeed(option, Cli.with(TrainingFiles.train(dataset, output), "--workers", "2"));
    return output.resolve("adapter_model.safetensors");
  }

  private void succeed(String option, List<String> arguments) throws Exception {
    List<String> command = Launched.words(Launched.LAUNCHER);
    command.addAll(arguments);
    Cli.Result result = Launched.run(folder, Map.of("JAVA_TOOL_OPTIONS", option), command);
    assertThat(result.exitCode()).as(result.err()).isZero();
  }

  /** Names and versions, without the places in the file. */
  private List<String> symbols(Path library) throws Exception {
    List<String> names = new ArrayList<>();
    for (String line : run(List.of("nm", "-D", library.toString())).split("\n")) {
      names.add(line.replaceFirst("^[0-9a-f]*\\s+", ""));
    }
    return names;
  }

  private String run(List<String> command) throws Exception {
    Cli.Result result = Launched.run(folder, Map.of(), command);
    assertThat(result.exitCode()).as(result.err()).isZero();
    return result.err();
  }
}
