package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.hub.DownloadListener;
import dev.rankspark.hub.Hub;
import dev.rankspark.hub.HubSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * One cache for {@code huggingface_hub} and us, whoever wrote it: 0.x as transformers 4 has it, and
 * 2.x, which lies over that environment in {@code jobs/target/python-hub2}.
 */
@Tag("python")
class HubCacheIT {
  private static final List<String> FILES =
      List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json");

  @TempDir private Path folder;

  private final List<String> notes = new ArrayList<>();
  private ReferenceHub hub;

  @BeforeEach
  void start() {
    hub = ReferenceHub.start();
  }

  @AfterEach
  void stop() {
    hub.close();
  }

  private Map<String, String> environment(String overlay) {
    Map<String, String> environment = new HashMap<>(hub.environment(folder));
    if (!overlay.isEmpty()) {
      environment.put("PYTHONPATH", PythonIT.PYTHON.resolveSibling(overlay).toString());
    }
    return environment;
  }

  private static List<String> command(String... args) {
    List<String> command = new ArrayList<>();
    command.add(PythonIT.PYTHON.resolve("bin/python").toString());
    command.add(PythonIT.HOME.resolve("reference/hub_cache.py").toString());
    command.addAll(List.of(args));
    return command;
  }

  private JsonNode python(Map<String, String> environment, String... args) throws Exception {
    return new JsonMapper()
        .readTree(PythonIT.run(folder, environment, command(args).toArray(String[]::new)));
  }

  private Path find(Map<String, String> environment) {
    Hub ours =
        new Hub(
            HubSettings.of(environment, folder),
            new DownloadListener() {
              @Override
              public void note(String line) {
                notes.add(line);
              }
            });
    return Path.of(
        ours.model("org/base", Optional.empty(), "--model-name-or-path", new Configuration()));
  }

  @ParameterizedTest
  @CsvSource({"'', 0.", "python-hub2, 2."})
  void whatPythonFetchedIsFoundAndNotFetchedAgain(String overlay, String version) throws Exception {
    JsonNode put =
        python(
            environment(overlay),
            "org/base",
            FILES.get(0),
            FILES.get(1),
            FILES.get(2),
            FILES.get(3),
            "generation_config.json");
    assertThat(put.path("version").asText()).startsWith(version);
    hub.fetched().clear();

    Path model = find(environment(overlay));

    assertThat(hub.fetched()).isEmpty();
    for (String file : FILES) {
      assertThat(model.resolve(file)).hasToString(put.path("files").path(file).asText());
      assertThat(model.resolve(file))
          .hasSameBinaryContentAs(Path.of(Cli.reference("base/" + file)));
    }
    Map<String, String> offline = environment(overlay);
    offline.put("HF_HUB_OFFLINE", "1");
    assertThat(find(offline)).isEqualTo(model);
  }

  @ParameterizedTest
  @CsvSource({"'', 0.", "python-hub2, 2."})
  void whatWeFetchedIsFoundByPython(String overlay, String version) throws Exception {
    Path model = find(environment(overlay));
    Map<String, String> offline = environment(overlay);
    offline.put("HF_HUB_OFFLINE", "1");

    JsonNode found =
        python(
            offline, "org/base", FILES.get(0), FILES.get(1), FILES.get(2), "adapter_config.json");

    assertThat(found.path("version").asText()).startsWith(version);
    assertThat(found.path("files").path("config.json").asText())
        .isEqualTo(model.resolve("config.json").toString());
    assertThat(found.path("files").path("adapter_config.json").asText()).isEqualTo("none");
    assertThat(found.path("warnings")).isEmpty();
    assertThat(found.path("refs").path("main").asText())
        .isEqualTo(ReferenceHub.commit("models/org/base"));
  }

  @ParameterizedTest
  @CsvSource({"''", "python-hub2"})
  void aDownloadOfPythonsIsWaitedFor(String overlay) throws Exception {
    Path model = find(environment(overlay));
    Path blob = model.resolve("config.json").toRealPath();
    Files.delete(blob);
    Path lock =
        folder.resolve("hub/.locks/models--org--base").resolve(blob.getFileName() + ".lock");
    Path ready = folder.resolve("ready");
    ProcessBuilder holder =
        new ProcessBuilder(command("--hold", lock.toString(), ready.toString(), "2")).inheritIO();
    holder.environment().putAll(environment(overlay));
    Process other = holder.start();
    while (!Files.exists(ready) && other.isAlive()) {
      Thread.sleep(10);
    }

    find(environment(overlay));

    assertThat(Path.of(ready + ".done")).exists();
    assertThat(notes)
        .containsExactly("waiting for another process that fetches org/base config.json");
    assertThat(other.waitFor()).isZero();
  }
}
