package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.rankspark.files.Platform;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code bin/rankspark} as machines have it: their Java, users, folders, signals. */
class LauncherIT {
  private static final String TERM = "TERM";

  @TempDir private Path folder;

  private Path output;

  @BeforeEach
  void nameOutput() {
    output = folder.resolve("out").resolve("run.txt");
  }

  @Test
  void afterTheFirstCommandSparksClassesComeFromAnArchive() throws Exception {
    rankspark(Map.of(), "--version");
    Path loaded = folder.resolve("classes.log");

    Cli.Result result =
        rankspark(
            Map.of("JAVA_TOOL_OPTIONS", "-Xlog:disable -Xlog:class+load:file=" + loaded),
            "--version");

    assertThat(result.lastLine()).startsWith("rankspark ");
    assertThat(Files.readAllLines(loaded))
        .anyMatch(
            line ->
                line.contains("org.apache.spark.deploy.SparkSubmit source: shared objects file"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.8.0_392", "11.0.2", "23", "25.0.1"})
  void anotherJavaIsNamedInOneLine(String version) throws Exception {
    Path java = script("jdk/bin/java", "echo 'openjdk version \"" + version + "\" 2024' >&2");

    Cli.Result result =
        rankspark(Map.of("JAVA_HOME", folder.resolve("jdk").toString()), "--version");

    assertThat(result.err().lines())
        .containsExactly(
            "rankspark: needs a JDK from 17 to 22; "
                + java
                + ", of JAVA_HOME, is Java "
                + version
                + "; set JAVA_HOME to another");
    assertThat(result.exitCode()).isEqualTo(Main.DEVICE);
  }

  @Test
  void aJavaThatDoesNotRunOrIsNotThereIsNamed() throws Exception {
    Path java = script("jdk/bin/java", "echo 'Exec format error' >&2; exit 126");
    assertThat(rankspark(Map.of("JAVA_HOME", folder.resolve("jdk").toString())).err())
        .isEqualTo(
            "rankspark: needs a JDK from 17 to 22; " + java + " does not run: Exec format error\n");
    assertThat(rankspark(Map.of("JAVA_HOME", "/no/jdk")).err())
        .isEqualTo(
            "rankspark: needs a JDK from 17 to 22; JAVA_HOME is /no/jdk, where no bin/java can be"
                + " run\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      value = {
        "--conf \"a.b=-Dx=1 -Dy=2\" --name 'my job'|--conf,a.b=-Dx=1 -Dy=2,--name,my job",
        "--name my\\ job  --conf a=\"it's\"'\"'|--name,my job,--conf,a=it's\"",
        "--conf a=$HOME --conf b=* --name \"\"|--conf,a=$HOME,--conf,b=*,--name,",
      })
  void optionsForSparkSubmitAreQuotedAsInAShell(String options, String expected) throws Exception {
    script("spark/bin/spark-submit", "printf '%s\\n' \"$@\"");

    Cli.Result result =
        rankspark(
            Map.of(
                "SPARK_HOME",
                folder.resolve("spark").toString(),
                "RANKSPARK_SPARK_ARGS",
                options,
                "LC_ALL",
                "C"),
            "rerank",
            "--query-prefix",
            "a b");

    assertThat(result.err().lines().toList())
        .contains("spark.executorEnv.LC_ALL=C.UTF-8")
        .containsSequence(Arrays.asList(expected.split(",", -1)))
        .endsWith("rerank", "--query-prefix", "a b");
  }

  /**
   * macOS's tools are BSD's, without nproc, /proc and GNU's options; its bash is 3.2. Another bash
   * than this machine's is tried by {@code -Drankspark.bash=FILE}.
   */
  @Test
  void itRunsWithToolsThatAreNotGnusAndByALink() throws Exception {
    for (String tool : "dirname readlink cksum cut id env mktemp rm mv getconf".split(" ")) {
      script(
          "bin/" + tool,
          "case \"$1\" in -f | --*) echo \""
              + tool
              + ": illegal option $1\" >&2; exit 64 ;; esac\n"
              + "exec \"$(PATH=/usr/bin:/bin command -v "
              + tool
              + ")\" \"$@\"");
    }
    String bash = System.getProperty("rankspark.bash", "/bin/bash");
    Files.createSymbolicLink(folder.resolve("bin/bash"), Path.of(bash));
    Files.createSymbolicLink(folder.resolve("bin/launcher"), Path.of(Launched.LAUNCHER));
    Files.createSymbolicLink(folder.resolve("rankspark"), Path.of("bin/launcher"));
    Map<String, String> machine =
        Map.of(
            "PATH", folder.resolve("bin").toString(), "JAVA_HOME", System.getProperty("java.home"));

    Cli.Result result =
        Launched.run(folder, machine, List.of(folder.resolve("rankspark").toString(), "--version"));

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.err().lines()).singleElement().asString().startsWith("rankspark ");
  }

  @Test
  void aJarOfAnotherPlatformSaysWhatWorks() throws Exception {
    Path jar =
        Files.copy(Launched.HOME.resolve("jobs/target/rankspark.jar"), folder.resolve("other.jar"));
    try (FileSystem entries = FileSystems.newFileSystem(jar)) {
      Files.writeString(
          entries.getPath("native/lib/pytorch.properties"),
          "version=2.7.1\nclassifier=plan9-mips\n");
    }
    String here = Platform.here().name();

    Cli.Result result =
        Launched.run(
            folder,
            Map.of("RANKSPARK_JAR", jar.toString()),
            rerank(Cli.reference("expected/rerank_input.jsonl"), output));

    assertThat(result.exitCode()).as(result.err()).isEqualTo(Main.DEVICE);
    assertThat(result.lastLine())
        .isEqualTo(
            "rankspark: this jar is for plan9-mips, this machine's Java for "
                + here
                + "; build one on it by mvn -DskipTests package, or elsewhere with"
                + " -Drankspark.platform="
                + here);
    assertThat(result.err()).doesNotContain("\tat ");
    assertThat(unfinished()).isEmpty();
  }

  @Test
  void anOpenQuoteIsRefused() throws Exception {
    Cli.Result result = rankspark(Map.of("RANKSPARK_SPARK_ARGS", "--name 'my job"), "--version");
    assertThat(result.exitCode()).isEqualTo(Main.USAGE);
    assertThat(result.err())
        .isEqualTo("rankspark: RANKSPARK_SPARK_ARGS: a quote is not closed: --name 'my job\n");
  }

  @Test
  void anotherJarRunsIfItIsThere() throws Exception {
    script("spark/bin/spark-submit", "printf '%s\\n' \"$@\"");
    Path jar = Files.createFile(folder.resolve("older.jar"));
    Map<String, String> environment =
        Map.of("SPARK_HOME", folder.resolve("spark").toString(), "RANKSPARK_JAR", jar.toString());

    assertThat(rankspark(environment, "--version").err().lines().toList())
        .endsWith(jar.toString(), "--version");

    Files.delete(jar);
    Cli.Result without = rankspark(environment, "--version");
    assertThat(without.exitCode()).isEqualTo(Main.USAGE);
    assertThat(without.err())
        .isEqualTo("rankspark: RANKSPARK_JAR is " + jar + ", where no file is\n");
  }

  @Test
  void aUserIdWithoutANameReranks() throws Exception {
    assumeRuns("setpriv", "--reuid", "12345", "true");
    Path own = Files.createDirectory(folder.resolve("own"));
    openToAll(own);
    List<String> command =
        Launched.words("setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups");
    command.addAll(rerank(Cli.reference("expected/rerank_input.jsonl"), own.resolve("run.txt")));

    Cli.Result result = Launched.run(folder, Map.of("HOME", own.toString()), command);

    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(own.resolve("run.txt")).isNotEmptyFile();
  }

  @Test
  void aSparkThatNeedsTheUsersNameIsNotStartedWithoutIt() throws Exception {
    assumeRuns("setpriv", "--reuid", "12345", "true");
    script("spark/bin/spark-submit", "echo started");
    openToAll(folder);

    Cli.Result result =
        Launched.run(
            folder,
            Map.of("SPARK_HOME", folder.resolve("spark").toString()),
            List.of("setpriv", "--reuid", "12345", Launched.LAUNCHER, "--version"));

    assertThat(result.exitCode()).isEqualTo(Main.DEVICE);
    assertThat(result.err().lines()).hasSize(1);
    assertThat(result.lastLine())
        .startsWith("rankspark: user id 12345 has no name here")
        .contains("/etc/passwd", "unset SPARK_HOME");
  }

  @Test
  void libraryFoldersWithoutExecutionAreReplaced() throws Exception {
    Cli.Result result = withoutExecution("export HOME=" + System.getProperty("user.home"));
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(output).isNotEmptyFile();
  }

  @Test
  void aNamedLibraryFolderWithoutExecutionIsRefusedByItsName() throws Exception {
    Cli.Result result = withoutExecution("export DJL_CACHE_DIR=/tmp/djl");
    assertThat(result.exitCode()).as(result.err()).isEqualTo(Main.DEVICE);
    assertThat(result.lastLine())
        .startsWith("rankspark: libtorch needs a folder that allows execution")
        .contains("/tmp/djl, which DJL_CACHE_DIR names, does not allow execution (noexec)");
    assertThat(result.err()).doesNotContain("\tat ");
  }

  /** Reranks where /tmp is a file system without execution. */
  private Cli.Result withoutExecution(String before) throws Exception {
    assumeRuns("unshare", "-m", "mount", "-t", "tmpfs", "-o", "noexec", "none", "/mnt");
    // The test's own folder may lie in /tmp.
    String command =
        "mount --bind "
            + Files.createDirectories(output.getParent())
            + " /mnt && mount -t tmpfs -o noexec,size=300m none /tmp && "
            + before
            + " && exec \"$@\"";
    List<String> words = Launched.words("unshare", "-m", "bash", "-c", command, "bash");
    words.addAll(rerank(Cli.reference("expected/rerank_input.jsonl"), Path.of("/mnt/run.txt")));
    return Launched.run(Launched.HOME, Map.of("TMPDIR", ""), words);
  }

  @ParameterizedTest
  @CsvSource({"INT, 130", "TERM, 143"})
  void aSignalEndsItWithOneLineAndLeavesNothing(String signal, int code) throws Exception {
    Path many = folder.resolve("many.jsonl");
    String pairs = Cli.read(Path.of(Cli.reference("expected/rerank_input.jsonl")));
    Files.writeString(many, pairs.repeat(60));
    try (Launched launched = Launched.start(folder, Map.of(), rerank(many.toString(), output))) {
      while (unfinished().isEmpty() && launched.process().isAlive()) {
        Thread.sleep(20);
      }
      new ProcessBuilder("kill", "-" + signal, "" + launched.process().pid()).start().waitFor();

      Cli.Result result = launched.await();

      assertThat(result.exitCode()).as(result.err()).isEqualTo(code);
      assertThat(result.err().lines())
          .containsExactly(
              "rankspark: stopped by SIG"
                  + signal
                  + (signal.equals(TERM) ? "" : " (Ctrl-C)")
                  + "; nothing unfinished was published or left");
    }
    assertThat(unfinished()).isEmpty();
  }

  /** oneDNN has no products of bfloat16 there. */
  @Test
  void aCpuWithoutAvx512IsMeasuredInBfloat16() throws Exception {
    Cli.Result result =
        rankspark(
            Map.of("ONEDNN_MAX_CPU_ISA", "AVX2"),
            "bench",
            "--model-name-or-path",
            Cli.reference("mistral"),
            "--dataset-path",
            Cli.reference("expected/rerank_input.jsonl"),
            "--dtype",
            "bfloat16",
            "--device",
            "cpu");

    assertThat(result.exitCode()).as(result.err()).isZero();
  }

  private List<Path> unfinished() throws IOException {
    if (!Files.exists(output.getParent())) {
      return List.of();
    }
    try (var files = Files.list(output.getParent())) {
      return files.toList();
    }
  }

  private static List<String> rerank(String input, Path output) {
    return Launched.words(
        Launched.LAUNCHER,
        "rerank",
        "--model-name-or-path",
        Cli.reference("base"),
        "--lora-name-or-path",
        Cli.reference("adapter"),
        "--dataset-path",
        input,
        "--rerank-max-len",
        "196",
        "--dtype",
        "float32",
        "--rerank-output-path",
        output.toString());
  }

  private Cli.Result rankspark(Map<String, String> environment, String... arguments)
      throws Exception {
    List<String> command = Launched.words(Launched.LAUNCHER);
    command.addAll(List.of(arguments));
    return Launched.run(folder, environment, command);
  }

  /** A program of the shell. */
  private Path script(String name, String line) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + line + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file;
  }

  private void openToAll(Path own) throws IOException {
    for (Path path : List.of(folder, own)) {
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxrwxrwx"));
    }
  }

  /** What this user may not do, or this system has not, is not tested. */
  private static void assumeRuns(String... command) throws Exception {
    boolean runs;
    try {
      runs =
          new ProcessBuilder(command)
                  .redirectErrorStream(true)
                  .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                  .start()
                  .waitFor()
              == 0;
    } catch (IOException e) {
      runs = false;
    }
    assumeTrue(runs, "not permitted here: " + String.join(" ", command));
  }
}
