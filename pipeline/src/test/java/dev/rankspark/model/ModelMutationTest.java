package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.checkpoint.Weight;
import dev.rankspark.mutation.ForkedMutations;
import dev.rankspark.mutation.Mutations;
import dev.rankspark.mutation.StrictJson;
import dev.rankspark.progress.ByteCount;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models with random changes in one of their files, as {@link Mutations} demands it of each. */
class ModelMutationTest {
  private static final Path REFERENCE = Path.of(System.getProperty("rankspark.home"), "reference");
  private static final int LONGEST = 32;
  private static final List<long[]> IDS = List.of(new long[] {1, 17, 300, 1100, 2});

  @TempDir Path folder;

  int count() {
    return 500;
  }

  /** A tensor that an index names lies in one file alone: it is that one, or an error. */
  @Test
  void shardIndexes() throws IOException {
    FileUtils.copyDirectory(REFERENCE.resolve("mistral").toFile(), folder.toFile());
    Path index = folder.resolve("model.safetensors.index.json");
    byte[] file = Files.readAllBytes(index);
    Map<String, Weight> right = bind(folder);
    Mutations.survive(
        "shard indexes",
        count(),
        mutation -> {
          Files.write(index, mutation.of(file));
          Map<String, Weight> weights = bind(folder);
          assertThat(weights.keySet()).isEqualTo(right.keySet());
          weights.forEach(
              (name, weight) ->
                  assertThat(weight.stored().bytes())
                      .as(name)
                      .isEqualTo(right.get(name).stored().bytes()));
        });
  }

  @Test
  void rerankerConfigurations() throws IOException {
    FileUtils.copyDirectory(REFERENCE.resolve("backbone").toFile(), folder.toFile());
    Path config = folder.resolve("reranker_config.json");
    byte[] file = Files.readAllBytes(config);
    Mutations.survive(
        "reranker configurations",
        count(),
        mutation -> {
          byte[] mutated = mutation.of(file);
          Files.write(config, mutated);
          RerankerCheckpoint checkpoint = open(folder);
          JsonObject json = StrictJson.object(mutated);
          boolean isBackbone = StrictJson.text(json, "reranker_model_type", "").equals("backbone");
          assertThat(checkpoint.isBackbone()).isEqualTo(isBackbone);
          if (isBackbone) {
            assertThat(checkpoint.pooling())
                .isEqualTo(StrictJson.text(json, "reranker_pooling", "last"));
          }
        });
  }

  /** Up to the score, through libtorch. */
  @Test
  void modelsThatAreLoaded() throws Exception {
    FileUtils.copyDirectory(REFERENCE.resolve("backbone").toFile(), folder.toFile());
    ForkedMutations.run(
        Forked.class, folder.resolve("output.txt"), folder.toString(), Integer.toString(count()));
  }

  private static RerankerCheckpoint open(Path model) {
    return RerankerCheckpoint.open(
        model.toString(), Optional.empty(), Optional.empty(), new Configuration(false));
  }

  private static DecoderConfig config(Path model) {
    return DecoderConfig.parse(open(model).config(), model + "/config.json", LONGEST);
  }

  private static Map<String, Weight> bind(Path model) {
    return open(model).bind(Architecture.of(config(model)).weightShapes());
  }

  /** What runs in a JVM of its own. */
  public static final class Forked {
    private Forked() {}

    public static void main(String[] args) throws IOException {
      Path model = Path.of(args[0]);
      int count = Integer.parseInt(args[1]);
      float[] right = score(model);
      configurations(model, count, right);
      headers(model, count, right);
    }

    /** Each number is the one that another reading of the file finds. */
    private static void configurations(Path model, int count, float[] right) throws IOException {
      Path path = model.resolve("config.json");
      byte[] original = Files.readAllBytes(path);
      byte[] scaled =
          new String(original, StandardCharsets.UTF_8)
              .replace(
                  "\"rope_scaling\": null",
                  "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8.0,"
                      + " \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0,"
                      + " \"original_max_position_embeddings\": 8192}")
              .getBytes(StandardCharsets.UTF_8);
      for (byte[] file : List.of(original, scaled)) {
        Files.write(path, file);
        DecoderConfig rightConfig = config(model);
        float[] rightScore = score(model);
        Mutations.survive(
            file == scaled ? "configurations with llama3's scaling" : "configurations",
            count,
            mutation -> {
              byte[] mutated = mutation.of(file);
              Files.write(path, mutated);
              DecoderConfig config = config(model);
              assertEqualsTheFile(config, StrictJson.object(mutated));
              float[] score = score(model);
              if (config.equals(rightConfig)) {
                assertThat(score).containsExactly(rightScore);
              }
            });
      }
      Files.write(path, original);
      assertThat(score(model)).containsExactly(right);
    }

    /** A header that says the same gives the same score. */
    private static void headers(Path model, int count, float[] right) throws IOException {
      Path path = model.resolve("model.safetensors");
      byte[] file = Files.readAllBytes(path);
      JsonObject rightHeader = header(file);
      Mutations.survive(
          "safetensors headers with libtorch",
          count,
          8 + length(file),
          mutation -> {
            byte[] mutated = mutation.of(file);
            // A new file each time: one that is mapped must not change.
            Files.delete(path);
            Files.write(path, mutated);
            float[] score = score(model);
            if (header(mutated).equals(rightHeader)) {
              assertThat(score).containsExactly(right);
            }
          });
    }

    private static void assertEqualsTheFile(DecoderConfig config, JsonObject json) {
      assertThat(config.family().type()).isEqualTo(StrictJson.text(json, "model_type", ""));
      assertThat(config.vocab()).isEqualTo(StrictJson.whole(json, "vocab_size", 0));
      assertThat(config.hidden()).isEqualTo(StrictJson.whole(json, "hidden_size", 0));
      assertThat(config.intermediate()).isEqualTo(StrictJson.whole(json, "intermediate_size", 0));
      assertThat(config.layers()).isEqualTo(StrictJson.whole(json, "num_hidden_layers", 0));
      long heads = StrictJson.whole(json, "num_attention_heads", 0);
      assertThat(config.heads()).isEqualTo(heads);
      long keyValue = json.has("num_key_value_heads") || !isMistral(config) ? heads : 8;
      assertThat(config.kvHeads())
          .isEqualTo(StrictJson.whole(json, "num_key_value_heads", keyValue));
      assertThat(config.headDim())
          .isEqualTo(StrictJson.whole(json, "head_dim", config.hidden() / heads));
      assertThat(config.normEps())
          .isEqualTo(StrictJson.real(json, "rms_norm_eps", 1e-6))
          .isFinite();
      assertThat(config.rope().theta())
          .isEqualTo(StrictJson.real(json, "rope_theta", 10_000))
          .isFinite();
      boolean bias = isOn(json, "attention_bias");
      assertThat(config.parts())
          .isEqualTo(new Family.Parts(bias, bias, isOn(json, "mlp_bias"), false));
      if (!StrictJson.has(json, "rope_scaling")) {
        assertThat(config.rope().scaling()).isEqualTo(new RopeScaling.None());
      } else if (config.rope().scaling() instanceof RopeScaling.Llama3 llama3) {
        JsonObject rope = json.getAsJsonObject("rope_scaling");
        assertThat(llama3)
            .isEqualTo(
                new RopeScaling.Llama3(
                    StrictJson.real(rope, "factor", 0),
                    StrictJson.real(rope, "low_freq_factor", 0),
                    StrictJson.real(rope, "high_freq_factor", 0),
                    StrictJson.real(rope, "original_max_position_embeddings", 0)));
        assertThat(llama3.factor() + llama3.lowFactor() + llama3.highFactor() + llama3.positions())
            .isFinite();
      }
    }

    private static boolean isOn(JsonObject json, String key) {
      return StrictJson.has(json, key) && json.get(key).getAsBoolean();
    }

    private static boolean isMistral(DecoderConfig config) {
      return config.family() == Family.MISTRAL;
    }

    private static JsonObject header(byte[] file) throws IOException {
      JsonObject header = StrictJson.object(Arrays.copyOfRange(file, 8, 8 + length(file)));
      header.remove("__metadata__");
      return header;
    }

    private static int length(byte[] file) {
      return (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    }

    private static float[] score(Path model) {
      Hardware hardware = Hardware.detect("cpu", Dtype.parse("float32"));
      try (CrossEncoder encoder =
          CrossEncoder.load(
              open(model).bind(Architecture.of(config(model)).weightShapes()),
              config(model),
              hardware,
              hardware.device(Optional.empty()),
              LONGEST,
              /* threads= */ 1,
              ByteCount.NONE)) {
        return encoder.score(Packed.of(IDS), /* threads= */ 1);
      }
    }
  }
}
