package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.checkpoint.SafetensorsBytes;
import dev.rankspark.checkpoint.Weight;
import dev.rankspark.model.TrainBatch.Group;
import dev.rankspark.model.TrainableEncoder.AdamW;
import dev.rankspark.progress.ByteCount;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * On no kind of CPU does scoring or training reach oneDNN's reference kernels, which are a thousand
 * times slower than its compiled ones: a machine of another kind is this one with oneDNN held to
 * fewer instructions, in a process of its own whose log of kernels is read.
 */
class OnednnKernelsTest {
  private static final long SEED = 20261128;
  private static final int VOCABULARY = 300;

  /** Wide enough for the products of {@code amx.cpp}, with grouped-query attention. */
  private static final String CONFIG =
      """
      {"model_type": "llama", "architectures": ["LlamaForSequenceClassification"],
       "vocab_size": 300, "hidden_size": 288, "intermediate_size": 544,
       "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2,
       "rms_norm_eps": 1e-5}
      """;

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "AVX2, on",
    "AVX512_CORE, on",
    "AVX512_CORE_BF16, on",
    "DEFAULT, on",
    "DEFAULT, off",
  })
  void noReferenceKernelRuns(String cap, String amx) throws Exception {
    System.out.println("seed " + SEED);
    writeCheckpoint();
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "-Xmx512m",
                Everything.class.getName(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().put("ONEDNN_VERBOSE", "1");
    builder.environment().put("ONEDNN_MAX_CPU_ISA", cap);
    builder.environment().put(CpuOperators.SWITCH, amx);
    Process process = builder.start();
    List<String> kernels = new ArrayList<>();
    List<String> runs = new ArrayList<>();
    String run = "";
    for (String line :
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
      if (line.startsWith("run ")) {
        run = line;
        runs.add(line);
      } else if (line.startsWith("onednn_verbose") && line.contains(",exec,")) {
        kernels.add(run + ": " + line);
      }
    }

    assertThat(process.waitFor()).isZero();
    assertThat(runs).hasSize(4 + 16);
    assertThat(kernels).isNotEmpty();
    assertThat(kernels.stream().filter(kernel -> kernel.contains(",ref")).limit(5)).isEmpty();
  }

  /** Scoring in every dtype, training of both kinds in both, in every way that it is computed. */
  public static final class Everything {
    private static final Set<String> MODULES =
        Set.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

    private static final Random RANDOM = new Random(SEED);

    private Everything() {}

    public static void main(String[] args) {
      RerankerCheckpoint checkpoint =
          RerankerCheckpoint.open(args[0], Optional.empty(), Optional.empty(), new Configuration());
      DecoderConfig config = DecoderConfig.parse(checkpoint.config(), args[0], 64);
      for (Dtype dtype : Dtype.values()) {
        System.out.println("run score " + dtype);
        score(checkpoint, config, dtype);
      }
      for (Dtype dtype : List.of(Dtype.FLOAT32, Dtype.BFLOAT16)) {
        for (boolean full : List.of(false, true)) {
          for (boolean checkpointing : List.of(false, true)) {
            for (double dropout : List.of(0.0, 0.1)) {
              System.out.printf(
                  "run train %s, full %s, checkpointing %s, dropout %s%n",
                  dtype, full, checkpointing, dropout);
              train(checkpoint, config, dtype, full, checkpointing, dropout);
            }
          }
        }
      }
    }

    private static void score(RerankerCheckpoint checkpoint, DecoderConfig config, Dtype dtype) {
      Hardware hardware = Hardware.detect("cpu", dtype);
      try (CrossEncoder encoder =
          CrossEncoder.load(
              checkpoint.bind(Architecture.of(config).weightShapes()),
              config,
              hardware,
              hardware.device(Optional.empty()),
              64,
              2,
              ByteCount.NONE)) {
        float[] scores = encoder.score(Packed.of(texts(8)), 2);
        for (float score : scores) {
          if (!Float.isFinite(score)) {
            throw new IllegalStateException(Arrays.toString(scores));
          }
        }
      }
    }

    private static void train(
        RerankerCheckpoint checkpoint,
        DecoderConfig config,
        Dtype dtype,
        boolean full,
        boolean checkpointing,
        double dropout) {
      Map<String, Weight> weights = checkpoint.bind(Architecture.of(config).weightShapes());
      Hardware hardware = Hardware.detect("cpu", dtype);
      TrainedParameters trained =
          full ? TrainedParameters.full(config) : TrainedParameters.lora(config, 8, MODULES);
      try (TrainableEncoder encoder =
          TrainableEncoder.load(
              weights,
              config,
              hardware,
              hardware.device(Optional.empty()),
              trained,
              new TrainableEncoder.Settings(8, dropout, checkpointing),
              64,
              2,
              ByteCount.NONE)) {
        float[] losses =
            encoder.addGradient(
                TrainBatch.pack(List.of(new Group(texts(4), 1), new Group(texts(4), 2))), 1);
        double norm = encoder.update(new AdamW(0.9, 0.999, 1e-8, 0, 1), 1e-4, 1);
        if (!Double.isFinite(norm) || losses.length != 2) {
          throw new IllegalStateException("norm " + norm);
        }
      }
    }

    /** Texts of one prefix, of unlike lengths. */
    private static List<long[]> texts(int count) {
      List<long[]> texts = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        long[] text = RANDOM.longs(20 + 5 * i, 0, VOCABULARY).toArray();
        Arrays.fill(text, 0, 7, 1);
        texts.add(text);
      }
      return texts;
    }
  }

  private void writeCheckpoint() throws IOException {
    Files.writeString(folder.resolve("config.json"), CONFIG);
    DecoderConfig config =
        DecoderConfig.parse(
            RerankerCheckpoint.open(
                    folder.toString(), Optional.empty(), Optional.empty(), new Configuration())
                .config(),
            folder + "/config.json",
            64);
    Random random = new Random(SEED);
    SafetensorsBytes tensors = new SafetensorsBytes();
    Architecture.of(config)
        .weightShapes()
        .forEach(
            (name, shape) -> {
              float[] values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
              for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.05 * random.nextGaussian());
              }
              tensors.add(name, "F32", shape, SafetensorsBytes.floats(values));
            });
    Files.write(folder.resolve("model.safetensors"), tensors.bytes());
  }
}
