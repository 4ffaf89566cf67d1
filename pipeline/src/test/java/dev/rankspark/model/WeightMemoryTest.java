package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.progress.ByteCount;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What loading a model of 85 million parameters beside its vocabulary costs in memory, in a process
 * of its own: never the checkpoint twice.
 */
@Tag("conformance")
class WeightMemoryTest {
  private static final long MIB = 1 << 20;
  private static final long ALLOWED_BESIDE = 300 * MIB;

  private static final String CONFIG =
      """
      {"model_type": "llama", "architectures": ["LlamaForSequenceClassification"],
       "vocab_size": 32000, "hidden_size": 768, "intermediate_size": 2048,
       "num_hidden_layers": 12, "num_attention_heads": 12, "rms_norm_eps": 1e-5}
      """;

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "F32, 4, float32, 4",
    "F32, 4, bfloat16, 2",
    "BF16, 2, float32, 4",
    "BF16, 2, bfloat16, 2",
  })
  void loadingAddsTheModelInItsDtypeAndLittleElse(
      String stored, int storedBytes, String dtype, int bytes) throws Exception {
    long parameters = writeCheckpoint(stored, storedBytes);
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "-Xmx256m",
                Probe.class.getName(),
                folder.toString(),
                dtype)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    String[] figures = output.strip().replaceAll("(?s).*\n", "").split(" ");
    long added = Long.parseLong(figures[1]) - Long.parseLong(figures[0]);
    System.out.printf(
        "%s to %s: %d million parameters, %d MiB in %s; peak of resident memory rose by %d MiB%n",
        stored, dtype, parameters / 1_000_000, parameters * bytes / MIB, dtype, added / MIB);
    assertThat(added).isLessThanOrEqualTo(parameters * bytes + ALLOWED_BESIDE);
  }

  /** A file of zeros, with holes: its size in memory is what counts. */
  private long writeCheckpoint(String stored, int bytes) throws IOException {
    Files.writeString(folder.resolve("config.json"), CONFIG);
    Map<String, long[]> shapes = Architecture.of(config()).weightShapes();
    StringBuilder header = new StringBuilder("{");
    long at = 0;
    for (Map.Entry<String, long[]> weight : shapes.entrySet()) {
      long size = Arrays.stream(weight.getValue()).reduce(bytes, Math::multiplyExact);
      header
          .append(header.length() == 1 ? "" : ",")
          .append('"' + weight.getKey() + "\":{\"dtype\":\"" + stored + "\",\"shape\":")
          .append(Arrays.toString(weight.getValue()))
          .append(",\"data_offsets\":[" + at + "," + (at + size) + "]}");
      at += size;
    }
    header.append('}').append(" ".repeat((8 - header.length() % 8) % 8));
    try (RandomAccessFile file =
        new RandomAccessFile(folder.resolve("model.safetensors").toFile(), "rw")) {
      ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
      file.write(length.putLong(header.length()).array());
      file.write(header.toString().getBytes(StandardCharsets.US_ASCII));
      file.setLength(8 + header.length() + at);
    }
    return at / bytes;
  }

  private DecoderConfig config() {
    return DecoderConfig.parse(
        checkpoint(folder.toString()).config(), folder + "/config.json", /* maxLength= */ 196);
  }

  private static RerankerCheckpoint checkpoint(String path) {
    return RerankerCheckpoint.open(path, Optional.empty(), Optional.empty(), new Configuration());
  }

  /** Prints the resident bytes before loading and at their highest. */
  public static final class Probe {
    private Probe() {}

    public static void main(String[] args) throws IOException {
      Hardware hardware = Hardware.detect("cpu", Dtype.parse(args[1]));
      RerankerCheckpoint checkpoint = checkpoint(args[0]);
      DecoderConfig config = DecoderConfig.parse(checkpoint.config(), args[0], 196);
      long before = resident("VmRSS");
      try (CrossEncoder encoder =
          CrossEncoder.load(
              checkpoint.bind(Architecture.of(config).weightShapes()),
              config,
              hardware,
              hardware.device(Optional.empty()),
              196,
              2,
              ByteCount.NONE)) {
        encoder.score(Packed.of(List.of(new long[] {1, 2, 3})), 2);
        System.out.println(before + " " + resident("VmHWM"));
      }
    }

    private static long resident(String field) throws IOException {
      return Files.readAllLines(Path.of("/proc/self/status")).stream()
          .filter(line -> line.startsWith(field + ":"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
          .findFirst()
          .orElseThrow();
    }
  }
}
