package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.jobs.cluster.SparkHome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Programs of one of PyPI's Sparks, with RankSpark's jar and its installed Python package, as a
 * user starts them.
 *
 * @param spark whose they are
 * @param folder where they run, and leave what they write
 */
record Surface(SparkHome spark, Path folder) {
  static final Path JAR = PythonIT.HOME.resolve("jobs/target/rankspark.jar");
  static final String EXTENSIONS = "spark.sql.extensions=dev.rankspark.udfs.RankSparkExtensions";

  /** The one that is installed with what Spark Connect needs of Python. */
  static final String WITH_CONNECT = "4.3.0";

  private static final String PYTHON = PythonIT.PYTHON.resolve("bin/python").toString();

  static Surface of(String name, Path folder) throws Exception {
    return new Surface(SparkHome.ofPypi(name), Files.createDirectories(folder.resolve(name)));
  }

  /** Runs a Python program by {@code spark-submit}. */
  String submit(String master, Map<String, String> settings, Path program) throws Exception {
    return spark(
        "spark-submit", master, Optional.empty(), settings, List.of("--jars", JAR, program));
  }

  /** Runs lines of Scala by {@code spark-shell}, which ends well after whatever error. */
  String shell(Path program, Object... options) throws Exception {
    // pasted: line by line a chain of calls is cut at its first line, and 4.0's -i runs nothing
    Path typed = Files.writeString(folder.resolve("typed"), ":paste " + program + "\n");
    List<Object> arguments = new ArrayList<>(List.of("--jars", JAR));
    arguments.addAll(List.of(options));
    return spark("spark-shell", "local[2]", Optional.of(typed), Map.of(), arguments);
  }

  /** Runs statements by {@code spark-sql}, which ends with the first error. */
  String sql(Path program, Object... options) throws Exception {
    List<Object> arguments =
        new ArrayList<>(List.of("--jars", JAR, "--driver-class-path", JAR, "--conf", EXTENSIONS));
    arguments.addAll(List.of(options));
    arguments.addAll(List.of("-f", program));
    return spark("spark-sql", "local[2]", Optional.empty(), Map.of(), arguments);
  }

  private String spark(
      String program,
      String master,
      Optional<Path> input,
      Map<String, String> settings,
      List<Object> arguments)
      throws Exception {
    Map<String, String> environment = new HashMap<>(settings);
    environment.putAll(spark.environment());
    environment.put("PYSPARK_PYTHON", PYTHON);
    environment.put("MPLBACKEND", "Agg");
    List<String> command =
        new ArrayList<>(
            List.of(
                spark.folder() + "/bin/" + program,
                "--master",
                master,
                "--conf",
                "spark.ui.enabled=false",
                "--conf",
                "spark.sql.shuffle.partitions=3",
                "--conf",
                "spark.sql.warehouse.dir=" + folder.resolve("warehouse"),
                "--conf",
                "spark.sql.catalogImplementation=in-memory"));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    input.ifPresent(
        typed -> command.addAll(0, List.of("sh", "-c", "exec \"$@\" <\"$0\"", typed.toString())));
    Cli.Result result = Launched.run(folder, environment, command);
    assertThat(result.exitCode()).as(result.err()).isZero();
    return result.err();
  }

  /** Runs Python without a Spark of its own: PySpark finds the JVM, or a server. */
  Cli.Result python(Map<String, String> settings, Object... arguments) throws Exception {
    Map<String, String> environment = new HashMap<>(settings);
    environment.putAll(spark.environment());
    environment.put("SPARK_LOCAL_IP", "127.0.0.1");
    environment.put("PYSPARK_PYTHON", PYTHON);
    environment.put("MPLBACKEND", "Agg");
    environment.put("PYTHONPATH", spark.folder().getParent().toString());
    List<String> command = new ArrayList<>(List.of(PYTHON));
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    return Launched.run(folder, environment, command);
  }
}
