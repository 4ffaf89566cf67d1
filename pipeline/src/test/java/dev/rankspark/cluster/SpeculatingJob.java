package dev.rankspark.cluster;

import dev.rankspark.progress.Progress;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.sql.SparkSession;

/**
 * A job of three tasks, of which one is slow, so that Spark runs it again beside itself, which it
 * does on another host alone: on a cluster of two workers, each with an address of its own. It
 * prints how many pairs it is told, and how many attempts began.
 */
final class SpeculatingJob {
  private static final String SAYS = "says: ";

  private SpeculatingJob() {}

  /**
   * Runs it in processes of their own.
   *
   * @param home an empty folder, for Spark's home
   * @return what it printed
   */
  static List<String> run(Path home) throws IOException {
    Files.createDirectories(home.resolve("jars"));
    int port = freePort();
    String master = "spark://127.0.0.1:" + port;
    List<Process> processes = new ArrayList<>();
    try {
      processes.add(
          start(home, "Master", "--host", "127.0.0.1", "--port", "" + port, "--webui-port", "0"));
      for (String host : List.of("127.0.0.1", "127.0.0.2")) {
        processes.add(
            start(home, "Worker", "--host", host, "--webui-port", "0", "--cores", "2", master));
      }
      Process job = start(home, SpeculatingJob.class.getName(), master);
      processes.add(job);
      String printed = new String(job.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return printed
          .lines()
          .filter(line -> line.startsWith(SAYS))
          .map(line -> line.substring(SAYS.length()))
          .toList();
    } finally {
      for (Process process : processes) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static Process start(Path home, String main, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(argument -> argument.startsWith("--add-opens"))
        .forEach(command::add);
    command.add("-Xmx512m");
    command.add("-Dlog4j2.configurationFile=" + System.getProperty("log4j2.configurationFile"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(
        switch (main) {
          case "Master" -> "org.apache.spark.deploy.master.Master";
          case "Worker" -> "org.apache.spark.deploy.worker.Worker";
          default -> main;
        });
    command.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command).directory(home.toFile()).redirectError(Redirect.INHERIT);
    builder.environment().remove("SPARK_LOCAL_IP");
    builder.environment().put("SPARK_HOME", home.toString());
    builder.environment().put("SPARK_SCALA_VERSION", "2.12");
    return builder.start();
  }

  public static void main(String[] args) throws InterruptedException {
    AtomicInteger attempts = new AtomicInteger();
    try (SparkSession spark =
        SparkSession.builder()
            .master(args[0])
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.scheduler.minRegisteredResourcesRatio", 1.0)
            .config("spark.scheduler.maxRegisteredResourcesWaitingTime", "60s")
            .config("spark.executor.cores", 2)
            .config("spark.cores.max", 4)
            .config("spark.ui.enabled", false)
            .config("spark.executor.memory", "512m")
            .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
            .config("spark.executor.heartbeatInterval", "500ms")
            .config("spark.speculation", true)
            .config("spark.speculation.interval", "100ms")
            .config("spark.speculation.multiplier", 1.5)
            .config("spark.speculation.quantile", 0.5)
            .config("spark.speculation.efficiency.enabled", false)
            .getOrCreate()) {
      spark
          .sparkContext()
          .addSparkListener(
              new SparkListener() {
                @Override
                public void onTaskStart(SparkListenerTaskStart task) {
                  attempts.incrementAndGet();
                }
              });
      try (JobProgress progress =
          JobProgress.tell(spark.sparkContext(), now -> System.out.println(SAYS + now.done()))) {
        TaskCounts counts =
            new TaskCounts(spark.sparkContext(), List.of("pairs scored"), List.of());
        progress.describe(
            "test: speculates", counts, sums -> new Progress.Scoring((long) sums[0], 120, 0, 0));
        new JavaSparkContext(spark.sparkContext())
            .parallelize(List.of(0, 1, 2), 3)
            .foreachPartition(rows -> score(counts));
        Thread.sleep(1_000); // Spark tells its listeners a little later
      }
    }
    System.out.println(SAYS + "attempts " + attempts);
  }

  /** The first attempt at the first partition is slow, and has counted much when it is passed. */
  private static void score(TaskCounts counts) throws InterruptedException {
    TaskContext task = TaskContext.get();
    boolean isSlow = task.partitionId() == 0 && task.attemptNumber() == 0;
    for (int batch = 0; batch < JobProgressTest.BATCHES; batch++) {
      counts.add(JobProgressTest.PAIRS);
      Thread.sleep(isSlow ? 4_000 : 700);
    }
  }
}
