package dev.rankspark.jobs;

import dev.rankspark.jobs.cluster.SparkHome;
import dev.rankspark.jobs.cluster.StandaloneCluster;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * PySpark's own Spark Connect server, whose administrator has set RankSpark's extensions.
 *
 * @param url where its clients find it, which have no JVM
 * @param process the server's
 */
record ConnectServer(String url, Process process) implements AutoCloseable {
  private static final Duration START = Duration.ofMinutes(2);

  static ConnectServer start(Surface surface) throws Exception {
    SparkHome spark = surface.spark();
    int port = StandaloneCluster.freePort();
    Path log = surface.folder().resolve("server.log");
    ProcessBuilder builder =
        new ProcessBuilder(
                List.of(
                    // not spark-submit: its shell would be killed, and not what it started
                    spark.folder() + "/bin/spark-class",
                    "org.apache.spark.deploy.SparkSubmit",
                    "--master",
                    "local[2]",
                    "--class",
                    "org.apache.spark.sql.connect.service.SparkConnectServer",
                    "--jars",
                    Surface.JAR.toString(),
                    "--driver-class-path",
                    Surface.JAR.toString(),
                    "--conf",
                    Surface.EXTENSIONS,
                    "--conf",
                    "spark.ui.enabled=false",
                    "--conf",
                    "spark.sql.shuffle.partitions=3",
                    "--conf",
                    "spark.connect.grpc.binding.port=" + port))
            .directory(surface.folder().toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().putAll(spark.environment());
    builder.environment().putAll(Map.of("SPARK_LOCAL_IP", "127.0.0.1"));
    ConnectServer server = new ConnectServer("sc://127.0.0.1:" + port, builder.start());
    Instant late = Instant.now().plus(START);
    while (!Files.readString(log).contains("Spark Connect server started")) {
      if (!server.process.isAlive() || Instant.now().isAfter(late)) {
        server.close();
        throw new IllegalStateException("no Spark Connect server:\n" + Files.readString(log));
      }
      Thread.sleep(100);
    }
    return server;
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
