package dev.rankspark.jobs.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A real standalone cluster on this machine: a master and workers as processes of their own, of the
 * Spark that the build resolved or of another one, and jobs through Spark's own {@code
 * SparkSubmit}. Every process can be killed.
 */
public final class StandaloneCluster implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration JOB = Duration.ofMinutes(5);

  /** Of Java, for processes that live for seconds: its second compiler takes more than it gives. */
  private static final List<String> SHORT_LIVED =
      List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

  private final SparkHome spark;
  private final Path folder;
  private final String url;
  private final SparkProcess master;
  private final List<SparkProcess> workers = new ArrayList<>();
  private final int cores;
  private int started;
  private int submitted;

  private StandaloneCluster(SparkHome spark, Path folder, int cores) {
    this.spark = spark;
    this.folder = folder;
    this.cores = cores;
    int port = freePort();
    this.url = "spark://127.0.0.1:" + port;
    this.master =
        start(
            "master",
            "org.apache.spark.deploy.master.Master",
            "--host",
            "127.0.0.1",
            "--port",
            Integer.toString(port),
            "--webui-port",
            "0");
  }

  /**
   * Starts a cluster.
   *
   * @param folder for logs and the workers' files
   * @param workers how many
   * @param cores of each worker
   */
  public static StandaloneCluster start(Path folder, int workers, int cores) {
    return start(SparkHome.ofTheBuild(), folder, workers, cores);
  }

  /** Likewise, of another Spark. */
  public static StandaloneCluster start(SparkHome spark, Path folder, int workers, int cores) {
    StandaloneCluster cluster = new StandaloneCluster(spark, folder, cores);
    try {
      cluster.master.awaitLog("I have been elected leader", START);
      List<SparkProcess> started = new ArrayList<>();
      for (int i = 0; i < workers; i++) {
        started.add(cluster.startWorker());
      }
      started.forEach(StandaloneCluster::awaitRegistered);
      return cluster;
    } catch (RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  /** Adds a worker, in the place of one that was killed. */
  public void addWorker() {
    awaitRegistered(startWorker());
  }

  private static void awaitRegistered(SparkProcess worker) {
    worker.awaitLog("Successfully registered with master", START);
  }

  private SparkProcess startWorker() {
    int number = started++;
    String name = "worker-" + number;
    SparkProcess worker =
        start(
            name,
            "org.apache.spark.deploy.worker.Worker",
            "--host",
            // Spark puts no twin of a task on the host of its first attempt. On Linux all of 127 is
            // here.
            "127.0.0." + (1 + number),
            "--webui-port",
            "0",
            "--cores",
            Integer.toString(cores),
            "--memory",
            "3g",
            "--work-dir",
            folder.resolve(name).toString(),
            url);
    workers.add(worker);
    return worker;
  }

  /** Kills a worker and its executors at once, as a machine that is taken away. */
  public void loseWorker() {
    SparkProcess worker = workers.remove(workers.size() - 1);
    worker.close();
  }

  private SparkProcess start(String name, String... arguments) {
    return SparkProcess.start(spark, folder, name, List.of(), List.of(arguments));
  }

  /** The end of a job: exit code, standard output, standard error. */
  public record Finished(int exitCode, String out, String err) {
    /** The last line of standard error. */
    public String lastLine() {
      List<String> lines = err.lines().toList();
      return lines.isEmpty() ? "" : lines.get(lines.size() - 1);
    }
  }

  /** A job that runs, in the background. */
  public static final class Job implements AutoCloseable {
    private final SparkProcess process;

    private Job(SparkProcess process) {
      this.process = process;
    }

    /** The driver's process. */
    public ProcessHandle driver() {
      return process.handle();
    }

    public Finished await() {
      int code = process.awaitExit(JOB);
      return new Finished(code, process.out(), process.err());
    }

    @Override
    public void close() {
      process.close();
    }
  }

  /**
   * Submits {@code rankspark.jar} with one executor per worker, all there before the first task.
   */
  public Job submit(String... arguments) {
    return submit(Map.of(), arguments);
  }

  /** Likewise, with settings of Spark. */
  public Job submit(Map<String, String> settings, String... arguments) {
    List<String> command = new ArrayList<>();
    command.addAll(
        List.of(
            "org.apache.spark.deploy.SparkSubmit",
            "--master",
            url,
            "--conf",
            "spark.ui.enabled=false",
            "--conf",
            "spark.executor.memory=1g",
            "--conf",
            "spark.executor.extraJavaOptions=" + String.join(" ", SHORT_LIVED),
            "--conf",
            "spark.executor.cores=" + cores,
            "--conf",
            "spark.sql.shuffle.partitions=4",
            "--conf",
            "spark.scheduler.minRegisteredResourcesRatio=1.0",
            "--conf",
            "spark.scheduler.maxRegisteredResourcesWaitingTime=60s",
            "--conf",
            "spark.cores.max=" + cores * workers.size()));
    settings.forEach((key, value) -> command.addAll(List.of("--conf", key + "=" + value)));
    command.addAll(
        List.of(
            "--class",
            "dev.rankspark.jobs.Main",
            home().resolve("jobs/target/rankspark.jar").toString()));
    command.addAll(List.of(arguments));
    List<String> options = new ArrayList<>(SHORT_LIVED);
    options.add("-Dlog4j2.configurationFile=" + home().resolve("conf/log4j2.properties"));
    return new Job(SparkProcess.start(spark, folder, "job-" + submitted++, options, command));
  }

  /** What {@code --master} names. */
  public String url() {
    return url;
  }

  /** The executors that run now, over all workers. */
  public List<ProcessHandle> executors() {
    return workers.stream()
        .flatMap(worker -> worker.handle().descendants())
        .filter(
            process ->
                process.info().commandLine().orElse("").contains("CoarseGrainedExecutorBackend"))
        .toList();
  }

  /** Kills a process as {@code kill -9} does. */
  public static void kill(ProcessHandle process) {
    process.destroyForcibly();
  }

  public ProcessHandle master() {
    return master.handle();
  }

  public List<ProcessHandle> workers() {
    return workers.stream().map(SparkProcess::handle).toList();
  }

  /** The repository's root. */
  static Path home() {
    return Path.of(System.getProperty("rankspark.home"));
  }

  /** A port of this machine that nothing listens on. */
  public static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    workers.forEach(SparkProcess::close);
    master.close();
  }
}
