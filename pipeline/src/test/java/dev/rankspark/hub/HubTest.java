package dev.rankspark.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import dev.rankspark.hub.HubServer.Fault;
import dev.rankspark.hub.HubServer.Request;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Names that are looked up at a hub, which answers, fails, or is not there. */
class HubTest {
  private static final Configuration HADOOP = new Configuration();
  private static final String MODEL = "--model-name-or-path";
  private static final String NAME = "org/tiny";
  private static final byte[] WEIGHTS = bytes(300_000);

  @TempDir private Path folder;

  private final List<String> notes = new ArrayList<>();
  private final List<String> progress = new ArrayList<>();
  private HubServer server;
  private HubServer.Repository tiny;

  @BeforeEach
  void start() throws IOException {
    server = new HubServer();
    tiny =
        server
            .model(NAME)
            .with("config.json", "{\"model_type\": \"llama\"}")
            .with("tokenizer.json", "{\"model\": {}}")
            .with("model.safetensors", WEIGHTS);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    new Random(20261128).nextBytes(bytes);
    return bytes;
  }

  private Hub hub(String... variables) {
    Map<String, String> environment = new HashMap<>();
    environment.put("HF_ENDPOINT", server.endpoint());
    environment.put("HF_HOME", folder.resolve("home").toString());
    for (int i = 0; i < variables.length; i += 2) {
      environment.put(variables[i], variables[i + 1]);
    }
    HubSettings settings = HubSettings.of(environment, folder);
    return new Hub(
        new HubSettings(
            settings.endpoint(),
            settings.cache(),
            settings.token(),
            settings.isOffline(),
            settings.links(),
            Duration.ofSeconds(1),
            Duration.ofMillis(1),
            settings.proxies()),
        new DownloadListener() {
          private long there;

          @Override
          public void begins(String repository, String file, long bytes, long before) {
            there = before;
            progress.add(repository + " " + file + " " + before + " of " + bytes);
          }

          @Override
          public void advanced(long bytes) {
            there += bytes;
          }

          @Override
          public void ended() {
            progress.add("at " + there);
          }

          @Override
          public void note(String line) {
            notes.add(line);
          }
        });
  }

  private Path find(Hub hub) {
    return find(hub, NAME);
  }

  private static Path find(Hub hub, String name) {
    return Path.of(hub.model(name, Optional.empty(), MODEL, HADOOP));
  }

  private Path cache() {
    return folder.resolve("home/hub/models--org--tiny");
  }

  private Path blob(String file) {
    byte[] bytes = tiny.files.get(file);
    return cache()
        .resolve("blobs")
        .resolve(
            HubServer.isLarge(file) ? HubServer.sum("SHA-256", bytes) : HubServer.gitSum(bytes));
  }

  private Path incomplete() {
    return Path.of(blob("model.safetensors") + ".incomplete");
  }

  private void assertWhole(Path model) {
    assertThat(model.resolve("model.safetensors")).hasBinaryContent(WEIGHTS);
    assertThat(incomplete()).doesNotExist();
  }

  @Test
  void aDirectoryOfThatNameComesFirst() throws IOException {
    Path here = Files.createDirectories(folder.resolve("org/tiny"));

    assertThat(find(hub(), here.toString())).isEqualTo(here);
    assertThat(find(hub(), "src/main")).as("of this module").isEqualTo(Path.of("src/main"));
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void aModelIsLaidOutAsPythonsCacheIs() throws IOException {
    Path model = find(hub());

    assertThat(model).isEqualTo(cache().resolve("snapshots").resolve(tiny.commit));
    assertWhole(model);
    assertThat(Files.readSymbolicLink(model.resolve("model.safetensors")))
        .isEqualTo(Path.of("../../blobs").resolve(blob("model.safetensors").getFileName()));
    assertThat(cache().resolve("refs/main")).hasContent(tiny.commit);
    assertThat(cache().resolve(".no_exist").resolve(tiny.commit).resolve("adapter_config.json"))
        .exists();
    assertThat(
            folder
                .resolve("home/hub/.locks/models--org--tiny")
                .resolve(blob("config.json").getFileName() + ".lock"))
        .exists();
    assertThat(progress).contains("org/tiny model.safetensors 0 of 300000", "at 300000");
    assertThat(HubSnapshot.of(model.toString()))
        .hasValueSatisfying(snapshot -> assertThat(snapshot).hasToString(NAME + "@" + tiny.commit));
  }

  @Test
  void onlyFilesThatAreNeededComeAndNoCode() {
    tiny.with("modeling_tiny.py", "raise SystemExit")
        .with("pytorch_model.bin", "a pickle")
        .with("README.md", "")
        .with("training_args.bin", "a pickle")
        .with("onnx/model.onnx", "");

    find(hub());

    assertThat(server.fetched())
        .containsExactly("tokenizer.json", "config.json", "model.safetensors");
  }

  @Test
  void anIndexNamesTheShards() {
    server
        .model("org/sharded")
        .with("config.json", "{}")
        .with("model.safetensors.index.json", "{\"weight_map\": {\"a\": \"s/1.safetensors\"}}")
        .with("s/1.safetensors", "one")
        .with("s/2.safetensors", "two");

    Path model = find(hub(), "org/sharded");

    assertThat(model.resolve("s/1.safetensors")).hasContent("one");
    assertThat(server.fetched()).doesNotContain("s/2.safetensors");
  }

  @ParameterizedTest
  @ValueSource(strings = {"run.py", "../../../../token", "/etc/passwd"})
  void anIndexThatNamesWhatIsNoFileOfWeightsIsRefused(String shard) {
    server
        .model("org/sharded")
        .with("config.json", "{}")
        .with("model.safetensors.index.json", "{\"weight_map\": {\"a\": \"" + shard + "\"}}");

    assertThatThrownBy(() -> find(hub(), "org/sharded"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(
            "org/sharded: model.safetensors.index.json names \""
                + shard
                + "\", which is no file of weights");
  }

  @Test
  void anAdapterComesWithoutTheWeightsBesideIt() {
    tiny.with("adapter_config.json", "{}")
        .with("adapter_model.bin", "a pickle")
        .with("adapter_model.safetensors", "factors");

    Path adapter = Path.of(hub().adapter(NAME, "--lora-name-or-path", HADOOP));
    find(hub());

    assertThat(adapter.resolve("adapter_model.safetensors")).hasContent("factors");
    assertThat(server.fetched())
        .containsExactly(
            "adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "config.json");
  }

  @Test
  void aRepositoryOfCodeIsRefused() {
    server.model("org/code").with("config.json", "{}").with("modeling_code.py", "raise SystemExit");

    assertThatThrownBy(() -> find(hub(), "org/code"))
        .hasMessage(
            MODEL
                + ": there is no directory org/code, and org/code has no weights that can be read:"
                + " looked for model.safetensors, model.safetensors.index.json, pytorch_model.bin,"
                + " pytorch_model.bin.index.json, found config.json, modeling_code.py; code (.py)"
                + " is neither fetched nor run");
    assertThat(server.fetched()).isEmpty();
  }

  @Test
  void theTokenGoesToTheHubAlone() {
    find(hub("HF_TOKEN", HubServer.TOKEN));

    assertThat(server.requests())
        .isNotEmpty()
        .allMatch(request -> request.token().equals(Optional.of("Bearer " + HubServer.TOKEN)));
    assertThat(server.elsewhere()).isNotEmpty().allMatch(request -> request.token().isEmpty());
  }

  @Test
  void aSecondRunFetchesNothing() {
    find(hub());
    server.forget();

    assertWhole(find(hub()));

    assertThat(server.requests()).extracting(Request::method, Request::path).hasSize(1);
    assertThat(server.fetched()).isEmpty();
  }

  @Test
  void aCommitThatIsThereIsNotAskedFor() {
    find(hub());
    server.forget();

    assertWhole(find(hub(), NAME + "@" + tiny.commit));

    assertThat(server.requests()).isEmpty();
  }

  @Test
  void aBranchThatMovedIsFetchedAnew() {
    find(hub());
    HubServer.Repository moved = server.add("models/org/tiny@main", "1".repeat(40));
    moved.files.putAll(tiny.files);
    moved.with("config.json", "{\"model_type\": \"mistral\"}");
    server.forget();

    Path model = find(hub());

    assertThat(model.resolve("config.json")).hasContent("{\"model_type\": \"mistral\"}");
    assertThat(server.fetched()).as("blobs are shared").containsExactly("config.json");
    assertThat(cache().resolve("refs/main")).hasContent("1".repeat(40));
  }

  @Test
  void aCutConnectionIsTakenUpWhereItEnded() {
    server.fail("model.safetensors", new Fault.Cut(100_000), new Fault.Cut(50_000));

    assertWhole(find(hub()));

    assertThat(server.elsewhere())
        .extracting(request -> request.range().orElse("all"))
        .containsExactly("all", "bytes=100000-", "bytes=150000-");
  }

  @Test
  void aSilentServerIsLeftAndAskedAgain() {
    server.fail("model.safetensors", new Fault.Silence());

    assertWhole(find(hub()));

    assertThat(server.elsewhere()).hasSizeGreaterThan(1);
  }

  @Test
  void aDownloadThatEndedGoesOnInTheNextRun() throws IOException {
    Files.createDirectories(incomplete().getParent());
    Files.write(incomplete(), java.util.Arrays.copyOf(WEIGHTS, 123_456));

    assertWhole(find(hub()));

    assertThat(server.elsewhere())
        .extracting(request -> request.range().orElse("all"))
        .containsExactly("bytes=123456-");
    assertThat(progress).contains("org/tiny model.safetensors 123456 of 300000");
  }

  @Test
  void aServerWithoutRangesSendsItAllAgain() throws IOException {
    Files.createDirectories(incomplete().getParent());
    Files.write(incomplete(), new byte[1000]);
    server.fail("model.safetensors", new Fault.NoRange());

    assertWhole(find(hub()));
  }

  @Test
  void wrongBytesAreFetchedOnceMoreAndThenRefused() throws IOException {
    server.fail("model.safetensors", new Fault.Wrong());
    assertWhole(find(hub()));
    assertThat(notes)
        .containsExactly(
            "org/tiny model.safetensors came with other bytes than its sum says;"
                + " fetched once more");
    assertThat(progress).endsWith("at 300000");

    Files.delete(blob("model.safetensors"));
    server.fail("model.safetensors", new Fault.Wrong(), new Fault.Wrong());
    assertThatThrownBy(() -> find(hub()))
        .hasMessageContaining(
            "org/tiny model.safetensors came with other bytes than "
                + server.endpoint().substring("http://".length())
                + " says, twice");
    assertThat(blob("model.safetensors")).doesNotExist();
    assertThat(incomplete()).doesNotExist();
  }

  @Test
  void whatAnotherProgramLeftHalfWritten() throws IOException {
    Files.createDirectories(incomplete().getParent());
    Files.write(incomplete(), new byte[200_000]); // such as two writers at once

    assertWhole(find(hub()));
  }

  @Test
  void aFileThatWasCutOrWhoseBlobIsGoneIsFetchedAgain() throws IOException {
    Path model = find(hub());
    Files.write(blob("model.safetensors"), new byte[10]);
    assertWhole(find(hub()));
    assertThat(notes)
        .containsExactly(
            model.resolve("model.safetensors") + " has 10 bytes instead of 300000; fetched again");

    Files.delete(blob("config.json"));
    assertThat(find(hub()).resolve("config.json")).exists();
  }

  @Test
  void withoutLinksTheFilesThemselvesAreThere() {
    Path model = find(hub("HF_HUB_DISABLE_SYMLINKS", "1"));

    assertThat(model.resolve("model.safetensors")).isRegularFile().hasBinaryContent(WEIGHTS);
    assertThat(Files.isSymbolicLink(model.resolve("model.safetensors"))).isFalse();
    assertWhole(find(hub("HF_HUB_OFFLINE", "1")));
  }

  @Test
  void aFullDiskLeavesTheCacheAsItWas() throws IOException {
    Files.createDirectories(incomplete().getParent());
    Files.createSymbolicLink(incomplete(), Path.of("/dev/full"));

    assertThatThrownBy(() -> find(hub()))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(
            "org/tiny model.safetensors cannot be kept in "
                + folder.resolve("home/hub")
                + ": No space left on device; free some room there, or name another place by"
                + " HF_HOME or --cache-dir; what came is kept, and the same command goes on from"
                + " it");
    assertThat(blob("model.safetensors")).doesNotExist();

    Files.delete(incomplete());
    assertWhole(find(hub()));
  }

  @Test
  void aGatedRepositoryGivesTheHubsAdvice() {
    tiny.isGated = true;

    assertThatThrownBy(() -> find(hub()))
        .hasMessage(
            MODEL
                + ": there is no directory org/tiny, and org/tiny is gated: Access to model org/tiny"
                + " is restricted. You must be authenticated; ask for access at "
                + server.endpoint()
                + "/org/tiny and give its token as HF_TOKEN");
    assertThatThrownBy(() -> find(hub("HF_TOKEN", "hf_another")))
        .hasMessageEndingWith("as HF_TOKEN (the one that was given does not do)");
    assertWhole(find(hub("HF_TOKEN", HubServer.TOKEN)));
  }

  @Test
  void whatAHubDoesNotHaveIsSaidByName() {
    String host = server.endpoint().substring("http://".length());
    assertThatThrownBy(() -> find(hub(), "org/nothing"))
        .hasMessage(
            MODEL
                + ": there is no directory org/nothing, and org/nothing is not a model at "
                + host
                + ", or a private one, for which a token must be given as HF_TOKEN or by \"hf auth"
                + " login\"");
    assertThatThrownBy(() -> find(hub(), NAME + "@v2"))
        .hasMessageEndingWith(
            "org/tiny has no revision \"v2\"; its branches and tags are at "
                + server.endpoint()
                + "/org/tiny/tree/main");
    assertThatThrownBy(() -> find(hub(), NAME + "@" + "f".repeat(40)))
        .hasMessageContaining("org/tiny has no revision \"ffff");
  }

  @Test
  void aWrongTokenIsSaid() {
    server.fail(
        "",
        new Fault.Status(
            401, Map.of("X-Error-Message", "Invalid credentials in Authorization header")));

    assertThatThrownBy(() -> find(hub("HF_TOKEN", "hf_wrong")))
        .hasMessageContaining(
            "refused the token (Invalid credentials in Authorization header): give another")
        .hasMessageNotContaining("hf_wrong");
  }

  @Test
  void forbiddenIsSaid() {
    server.fail("", new Fault.Status(403, Map.of("X-Error-Message", "Not for this token.")));

    assertThatThrownBy(() -> find(hub()))
        .hasMessageEndingWith(
            " forbids it: Not for this token; see that the token of HF_TOKEN may read it");
  }

  @Test
  void aHubThatIsBusyIsWaitedForAsItAsks() {
    server.fail(
        "",
        new Fault.Status(429, Map.of("Retry-After", "0")),
        new Fault.Status(503, Map.of()),
        new Fault.Status(429, Map.of("RateLimit", "\"api\";r=0;t=0")));
    server.fail("model.safetensors", new Fault.Status(429, Map.of("Retry-After", "0")));

    assertWhole(find(hub()));
  }

  @Test
  void aHubThatAsksForTooMuchPatienceIsNotWaitedFor() {
    server.fail("", new Fault.Status(429, Map.of("Retry-After", "3600")));

    assertThatThrownBy(() -> find(hub()))
        .hasMessageContaining("has had too many requests from here; wait, or give a token");
  }

  @Test
  void aHubThatStaysBrokenIsSaid() {
    for (int i = 0; i <= HubClient.RETRIES; i++) {
      server.fail("", new Fault.Status(500, Map.of()));
    }

    assertThatThrownBy(() -> find(hub())).hasMessageEndingWith(" answered 500; run it again later");
  }

  @Test
  void withoutANetworkTheCacheDoesAndSaysSo() {
    Path model = find(hub());
    server.close();

    assertThat(find(hub())).isEqualTo(model);
    assertThat(notes)
        .singleElement()
        .asString()
        .matches(
            "org/tiny cannot be fetched: 127.0.0.1:\\d+ was not reached: the connection was"
                + " refused; its files in the cache are taken");
    assertThatThrownBy(() -> find(hub(), "org/other"))
        .hasMessageContaining(
            "was not reached: the connection was refused; without a network, put the files into "
                + folder.resolve("home/hub")
                + " by \"hf download org/other\" where there is one, or name a local directory");
    assertThatThrownBy(() -> find(hub("HF_ENDPOINT", "https://no-such-host.invalid"), "org/other"))
        .hasMessageContaining("no-such-host.invalid was not reached: no such host is known");
  }

  @Test
  void offlineTheHubIsNotAsked() {
    assertThatThrownBy(() -> find(hub("TRANSFORMERS_OFFLINE", "yes")))
        .hasMessage(
            MODEL
                + ": there is no directory org/tiny, and org/tiny is not whole in the cache "
                + folder.resolve("home/hub")
                + ", and HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) forbids to ask "
                + server.endpoint().substring("http://".length())
                + ": fetch it where there is a network, by \"hf download org/tiny\"");
    find(hub());
    server.forget();

    assertWhole(find(hub("HF_HUB_OFFLINE", "1")));
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void aSnapshotThatLacksItsWeightsIsNotWholeOffline() throws IOException {
    Path model = find(hub());
    Files.delete(model.resolve("model.safetensors"));

    assertThatThrownBy(() -> find(hub("HF_HUB_OFFLINE", "1")))
        .hasMessageContaining("org/tiny is not whole in the cache");
  }

  @Test
  void aProxyOfTheEnvironmentIsTaken() throws IOException {
    String host = "http://hub.invalid";
    try (HubServer proxy = new HubServer()) {
      proxy
          .model(NAME)
          .with("config.json", "{}")
          .with("pytorch_model.bin.index.json", "{\"weight_map\": {\"a\": \"1.bin\"}}");
      assertThatThrownBy(
              () -> find(hub("HF_ENDPOINT", host, "http_proxy", proxy.endpoint()), "org/none"))
          .hasMessageContaining("org/none is not a model at hub.invalid");
      assertThat(proxy.requests()).isNotEmpty();
    }
    int nobody = freePort();
    assertThatThrownBy(
            () ->
                find(hub("HF_ENDPOINT", host, "HTTP_PROXY", "http://u:secret@127.0.0.1:" + nobody)))
        .hasMessageContaining(
            "hub.invalid was not reached by the proxy 127.0.0.1:" + nobody + " (HTTP_PROXY): the")
        .hasMessageNotContaining("secret");
    assertWhole(find(hub("HTTP_PROXY", "http://127.0.0.1:" + nobody, "NO_PROXY", "127.0.0.1")));
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Test
  void anotherProcessThatFetchesTheSameFileIsWaitedFor() throws Exception {
    Path lock =
        folder
            .resolve("home/hub/.locks/models--org--tiny")
            .resolve(blob("model.safetensors").getFileName() + ".lock");
    Files.createDirectories(lock.getParent());
    Path ready = folder.resolve("ready");
    // flock(1) takes the lock that Python's filelock takes
    Process other =
        new ProcessBuilder(
                "flock",
                lock.toString(),
                "sh",
                "-c",
                "touch '" + ready + "'; sleep 1; touch '" + ready + "2'")
            .start();
    while (!Files.exists(ready)) {
      Thread.sleep(5);
    }

    assertWhole(find(hub()));

    assertThat(Path.of(ready + "2")).exists();
    assertThat(notes)
        .containsExactly("waiting for another process that fetches org/tiny model.safetensors");
    assertThat(other.waitFor()).isZero();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "org/a--b | a name has neither \"--\" nor \"..\" in it",
        "org/a..b | a name has neither",
        "org/tiny.git | a name does not end in .git",
        "org/-tiny | a name has letters, digits",
        "or g/tiny | a name has letters, digits",
        "org/t\u00efny | a name has letters, digits",
      })
  void aNameThatNoHubAllowsIsSaid(String name, String why) {
    assertThatThrownBy(() -> find(hub(), name))
        .hasMessageStartingWith(
            MODEL
                + ": there is no directory "
                + name
                + ", and it is no name that a hub has: "
                + why);
    assertThat(server.requests()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/no/such", "./org/tiny", "../tiny", "~/x", "a/b/c", "hdfs://x/y", "tiny/"})
  void whatIsAPathStaysOne(String path) {
    assertThat(hub().model(path, Optional.empty(), MODEL, HADOOP)).isEqualTo(path);
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void wrongSettingsAreNothingToPaths() {
    Hub wrong =
        new Hub(
            () -> HubSettings.of(Map.of("ALL_PROXY", "socks5://proxy:1080"), folder),
            DownloadListener.NONE);

    assertThat(find(wrong, folder.toString())).isEqualTo(folder);
    assertThatThrownBy(() -> find(wrong)).hasMessageContaining("ALL_PROXY: expected http://HOST");
  }

  @Test
  void anAnswerThatIsNoHubsIsSaid() {
    server.fail("", new Fault.Status(200, Map.of("Content-Type", "text/html")));

    assertThatThrownBy(() -> find(hub()))
        .hasMessageContaining(
            "is not a hub's (no commit in its answer); see to HF_ENDPOINT, or to a proxy");
  }

  @Test
  void aSmallFilesSumIsGits() {
    assertThat(HubServer.gitSum("what is up, doc?".getBytes(StandardCharsets.UTF_8)))
        .isEqualTo("bd9dbf5aae1a3862dd1526723246b20206e5fc37"); // Pro Git, 10.2
  }
}
