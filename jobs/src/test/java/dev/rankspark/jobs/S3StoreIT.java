package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A score store and runs on an object store: S3's protocol, by Hadoop's connector and moto. */
@Tag("s3")
class S3StoreIT {
  private static final String BUCKET = "rankspark";

  @TempDir private static Path folder;

  private static Process server;
  private static URI address;

  @BeforeAll
  static void start() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0)) {
      port = free.getLocalPort();
    }
    server =
        new ProcessBuilder(
                Path.of(System.getProperty("rankspark.home"), "jobs/target/moto/bin/moto_server")
                    .toString(),
                "--host",
                "127.0.0.1",
                "--port",
                Integer.toString(port))
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("moto.log").toFile())
            .start();
    address = URI.create("http://127.0.0.1:" + port + "/");
    awaitServer();
    assertThat(request("PUT", BUCKET)).isEqualTo(200);

    Configuration hadoop = Cli.startSpark().sparkContext().hadoopConfiguration();
    hadoop.set("fs.s3a.endpoint", address.toString());
    hadoop.set("fs.s3a.path.style.access", "true");
    hadoop.set("fs.s3a.connection.ssl.enabled", "false");
    hadoop.set("fs.s3a.access.key", "anyone");
    hadoop.set("fs.s3a.secret.key", "anything");
  }

  private static void awaitServer() throws Exception {
    for (int i = 0; i < 300; i++) {
      try {
        request("GET", "");
        return;
      } catch (IOException e) {
        assertThat(server.isAlive()).as(Cli.read(folder.resolve("moto.log"))).isTrue();
        Thread.sleep(100);
      }
    }
    throw new AssertionError(Cli.read(folder.resolve("moto.log")));
  }

  private static int request(String method, String path) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(address.resolve(path))
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build();
    return HttpClient.newHttpClient().send(request, BodyHandlers.discarding()).statusCode();
  }

  @AfterAll
  static void stop() throws InterruptedException {
    server.destroy();
    server.waitFor(10, TimeUnit.SECONDS);
  }

  private static Cli.Result rerank(String store, Object output, int pairs) throws IOException {
    return rerank(store, output, pairs, 3);
  }

  private static Cli.Result rerank(String store, Object output, int pairs, int tasks)
      throws IOException {
    List<String> lines = Files.readAllLines(Path.of(Cli.reference("expected/rerank_input.jsonl")));
    Path input = Files.write(folder.resolve("input.jsonl"), lines.subList(0, pairs));
    return Cli.run(
        Cli.rerank(
            input,
            output,
            "--rerank-max-len",
            "196",
            "--partitions",
            Integer.toString(tasks),
            "--score-store",
            store,
            "--overwrite"));
  }

  private static void assertSummary(Cli.Result result, int pairs, int scored) {
    assertThat(result.exitCode()).as(result.err()).isZero();
    assertThat(result.err())
        .contains("pairs " + pairs + "; reused " + (pairs - scored) + "; scored " + scored + "\n");
  }

  private static String s3(String name) {
    return "s3a://" + BUCKET + "/" + name;
  }

  /** The nights of a store on this machine's disk, run by run the same. */
  @Test
  void nightsAndUpkeepAreThoseOfALocalStore() throws IOException {
    List<List<String>> runs = new ArrayList<>();
    for (String place : List.of(folder.resolve("here").toString(), s3("nights"))) {
      List<String> written = new ArrayList<>();
      String store = place + "/scores";
      Path run = folder.resolve("run.txt");
      assertSummary(rerank(store, run, 60), 60, 60);
      written.add(Files.readString(run));
      assertSummary(rerank(store, run, 60), 60, 0);
      written.add(Files.readString(run));
      assertSummary(rerank(store, run, 70), 70, 10);
      written.add(Files.readString(run));

      assertThat(Cli.run("store", "info", store).out())
          .contains("70 scores of", "; 2 of 8 commits count, 0 plans");
      assertThat(Cli.run("store", "compact", store).out())
          .contains("scores 70 -> 70; files 6 -> 1; deleted 0");
      assertThat(Cli.run("store", "prune", store, "--older-than", "1d", "--grace", "0d").out())
          .contains("scores 70 -> 70; files 1 -> 1; deleted 14"); // 6 files, 8 commits
      assertThat(Cli.run("store", "verify", store).out()).contains("files 1; damaged 0");
      assertSummary(rerank(store, run, 70), 70, 0);
      written.add(Files.readString(run));
      runs.add(written);
    }
    assertThat(runs.get(1)).isEqualTo(runs.get(0));
    assertThat(runs.get(0).get(3)).isEqualTo(runs.get(0).get(2));
  }

  /** Its jobs are cancelled, which is what the store sees of a driver that is killed. */
  @Test
  void aRunThatWasStoppedIsTakenUp() throws Exception {
    Path whole = folder.resolve("whole.txt");
    assertSummary(rerank(s3("whole/scores"), whole, 140, 35), 140, 140);
    Path run = folder.resolve("stopped.txt");
    CompletableFuture<Cli.Result> stopped =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return rerank(s3("stopped/scores"), run, 140, 35);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    while (commits("stopped") < 2 && !stopped.isDone()) {
      Thread.sleep(10);
    }
    Cli.startSpark().sparkContext().cancelAllJobs();
    assertThat(stopped.get(1, TimeUnit.MINUTES).exitCode()).isNotZero();
    assertThat(run).doesNotExist();

    Cli.Result again = rerank(s3("stopped/scores"), run, 140, 35);
    assertThat(again.exitCode()).as(again.err()).isZero();
    assertThat(again.err()).contains("is taken up").doesNotContain("reused 0;");
    assertThat(run).hasSameBinaryContentAs(whole);
  }

  private static int commits(String folder) throws IOException, InterruptedException {
    HttpRequest list =
        HttpRequest.newBuilder(address.resolve(BUCKET + "?list-type=2&prefix=" + folder)).build();
    String keys = HttpClient.newHttpClient().send(list, BodyHandlers.ofString()).body();
    return keys.split("/commits/2", -1).length - 1; // an id begins with the year
  }

  @Test
  void theRunIsWrittenThereToo() throws IOException {
    Path here = folder.resolve("here.txt");
    assertSummary(rerank(s3("output/scores"), here, 20), 20, 20);
    assertSummary(rerank(s3("output/scores"), s3("output/run.txt"), 20), 20, 0);

    Configuration hadoop = Cli.startSpark().sparkContext().hadoopConfiguration();
    org.apache.hadoop.fs.Path written = new org.apache.hadoop.fs.Path(s3("output/run.txt"));
    try (InputStream in = written.getFileSystem(hadoop).open(written)) {
      assertThat(new String(in.readAllBytes(), StandardCharsets.UTF_8))
          .isEqualTo(Files.readString(here));
    }
  }
}
