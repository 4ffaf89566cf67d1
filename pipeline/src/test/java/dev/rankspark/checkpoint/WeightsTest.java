package dev.rankspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightsTest {
  private static final byte[] A = new SafetensorsBytes().addFloats("a", 2).bytes();
  private static final byte[] B = new SafetensorsBytes().addFloats("b", 3).bytes();
  private static final String INDEX =
      "{\"weight_map\":{\"a\":\"s1.safetensors\",\"b\":\"s2.safetensors\"}}";

  @TempDir Path directory;

  @Test
  void joinsShards() throws IOException {
    write("model.safetensors.index.json", INDEX);
    write("s1.safetensors", A);
    write("s2.safetensors", B);

    var tensors = open().tensors();

    assertThat(tensors.keySet()).containsExactly("a", "b");
    assertThat(tensors.get("b").file()).isEqualTo(directory + "/s2.safetensors");
    assertThat(tensors.get("b").elements()).isEqualTo(3);
  }

  @Test
  void joinsShardsOfTorch() throws IOException {
    write("pytorch_model.bin.index.json", "{\"weight_map\":{\"a\":\"s1.bin\",\"b\":\"s2.bin\"}}");
    write("s1.bin", TorchBytes.dictionary().floats("a", 2).bytes());
    write("s2.bin", TorchBytes.dictionary().floats("b", 3).floats("unnamed", 1).bytes());

    assertThat(open().tensors().keySet()).containsExactly("a", "b");
  }

  @Test
  void takesTheFormThatTransformersPrefers() throws IOException {
    write("pytorch_model.bin.index.json", "{\"weight_map\":{\"c\":\"pytorch_model.bin\"}}");
    write("pytorch_model.bin", TorchBytes.dictionary().floats("c", 1).bytes());
    assertThat(open().tensors().keySet()).containsExactly("c");

    write("model.safetensors.index.json", "{\"weight_map\":{\"b\":\"s2.safetensors\"}}");
    write("s2.safetensors", B);
    assertThat(open().tensors().keySet()).containsExactly("b");

    write("model.safetensors", A);
    assertThat(open().tensors().keySet()).containsExactly("a");
    assertThat(open().file()).isEqualTo(directory + "/model.safetensors");
  }

  @Test
  void aMissingShardIsNamed() throws IOException {
    write("model.safetensors.index.json", INDEX);
    write("s1.safetensors", A);

    assertRefused(
        directory
            + "/s2.safetensors does not exist, but model.safetensors.index.json puts b there; copy"
            + " the directory again");
  }

  @Test
  void aCutShardIsNamed() throws IOException {
    write("model.safetensors.index.json", INDEX);
    write("s1.safetensors", A);
    write("s2.safetensors", Arrays.copyOf(B, B.length - 4));

    assertRefused(
        directory
            + "/s2.safetensors: expected "
            + B.length
            + " bytes by its header, got "
            + (B.length - 4)
            + ": it is cut; copy it again");
  }

  @Test
  void aShardWithoutItsTensorIsNamed() throws IOException {
    write("model.safetensors.index.json", INDEX);
    write("s1.safetensors", A);
    write("s2.safetensors", A);

    assertRefused(
        directory
            + "/s2.safetensors does not hold b, which model.safetensors.index.json puts there; copy"
            + " the directory again");
  }

  @Test
  void anIndexStaysInItsDirectory() throws IOException {
    for (String outside : new String[] {"../x", "/x", "..", "", "hdfs://host", "a\\\\b"}) {
      write("model.safetensors.index.json", "{\"weight_map\":{\"a\":\"" + outside + "\"}}");
      assertThatThrownBy(this::open)
          .isInstanceOf(InputException.class)
          .hasMessage(
              "%s/model.safetensors.index.json: expected the name of a file in this directory for a,"
                  + " got \"%s\"",
              directory, outside);
    }
  }

  @Test
  void brokenIndexesAreNamed() throws IOException {
    write("model.safetensors.index.json", "{\"weight_map\":\n{");
    assertThatThrownBy(this::open)
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(directory + "/model.safetensors.index.json:2: not JSON: ");

    write("model.safetensors.index.json", "{\"weight_map\":[]}");
    assertRefused(
        directory
            + "/model.safetensors.index.json: expected an object weight_map from tensor to file");
  }

  @Test
  void aDirectoryWithoutWeightsSaysWhatWasLookedFor() {
    assertRefused(
        directory
            + " has no weights: looked for model.safetensors, model.safetensors.index.json,"
            + " pytorch_model.bin, pytorch_model.bin.index.json");
  }

  private void assertRefused(String message) {
    assertThatThrownBy(this::open).isInstanceOf(InputException.class).hasMessage(message);
  }

  private Weights open() {
    return Weights.open(ModelDirectory.open(directory.toString(), new Configuration(false)));
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(directory.resolve(name), text);
  }

  private void write(String name, byte[] bytes) throws IOException {
    Files.write(directory.resolve(name), bytes);
  }
}
