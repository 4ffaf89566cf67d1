package dev.rankspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.OptionException;
import dev.rankspark.files.OutputDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelWriterTest {
  private static final Configuration HADOOP = new Configuration(false);
  private static final Path REFERENCE = Path.of(System.getProperty("rankspark.home"), "reference");

  @TempDir Path directory;

  @Test
  void oneFileWhereAllFits() {
    Path model = write(1_000_000, List.of(tensor("a", 10), tensor("b", 20)));

    assertThat(model.toFile().list())
        .containsExactlyInAnyOrder(
            "config.json",
            "generation_config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json");
    for (String name : new String[] {"tokenizer.json", "generation_config.json"}) {
      assertThat(model.resolve(name)).hasSameBinaryContentAs(REFERENCE.resolve("base/" + name));
    }
  }

  @Test
  void shardsInTheOrderOfTheTensorsAndTheirIndex() throws IOException {
    // Of 4 bytes each: 40 and 60 fill a file of 100; 400 is larger than any.
    Path model =
        write(
            100,
            List.of(
                tensor("z", 10),
                tensor("y", 15),
                tensor("x", 1),
                tensor("w", 100),
                tensor("v", 2)));

    JsonNode index = open(model).json("model.safetensors.index.json");
    assertThat(index.at("/metadata/total_size").asLong()).isEqualTo(4 * 128);
    assertThat(index.get("weight_map").fieldNames())
        .toIterable()
        .containsExactly("v", "w", "x", "y", "z");
    assertThat(Weights.open(open(model)).tensors())
        .hasSize(5)
        .allSatisfy(
            (name, stored) -> {
              String file = Map.of("z", "1", "y", "1", "x", "2", "w", "3", "v", "4").get(name);
              assertThat(stored.file())
                  .endsWith("model-0000%s-of-00004.safetensors".formatted(file));
              assertThat(stored.floats()[0]).isEqualTo((float) stored.elements());
            });
  }

  @Test
  void theConfigurationIsThatOfAClassifierWithOneLabel() {
    JsonNode config =
        ModelWriter.classifierConfig(
            json(
                """
                {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 32,
                "num_labels": 2, "id2label": {"0": "no", "1": "yes"}, "torch_dtype": "float16"}
                """),
            "LlamaForSequenceClassification",
            StorageType.BFLOAT16);

    assertThat(config)
        .isEqualTo(
            json(
                """
                {"architectures": ["LlamaForSequenceClassification"], "model_type": "llama",
                "hidden_size": 32, "id2label": {"0": "LABEL_0"}, "torch_dtype": "bfloat16",
                "label2id": {"LABEL_0": 0}, "pad_token_id": 0}
                """));
  }

  @Test
  void aPaddingTokenStaysAndTheDtypesNewNameIsKept() {
    JsonNode config =
        ModelWriter.classifierConfig(
            json("{\"pad_token_id\": 7, \"dtype\": \"float32\"}"), "X", StorageType.FLOAT16);

    assertThat(config.get("pad_token_id").asInt()).isEqualTo(7);
    assertThat(config.get("dtype").asText()).isEqualTo("float16");
    assertThat(config.get("torch_dtype").asText()).isEqualTo("float16");
  }

  @ParameterizedTest
  @CsvSource({"5GB,5000000000", "40KB,40000", "1.5 MB,1500000", "2tb,2000000000000"})
  void sizesAsTransformersReadsThem(String text, long bytes) {
    assertThat(ModelWriter.parseShardSize(text)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @ValueSource(strings = {"5", "GB", "-5GB", "0GB", "5GiB", "5 G", "9999999999GB", ""})
  void otherSizesAreRefused(String text) {
    assertThatThrownBy(() -> ModelWriter.parseShardSize(text))
        .isInstanceOf(OptionException.class)
        .hasMessage(
            "--max-shard-size: expected a number of KB, MB, GB or TB, such as 5GB, got \"%s\"",
            text);
  }

  @Test
  void itsOwnFilesAreKnownByName() {
    assertThat(
            List.of(
                "config.json",
                "model.safetensors",
                "model-00002-of-00012.safetensors",
                "model.safetensors.index.json",
                "tokenizer.model"))
        .allMatch(ModelWriter::isOwn);
    assertThat(
            List.of(
                "README.md",
                "pytorch_model.bin",
                "adapter_model.safetensors",
                "my-model.safetensors",
                "model-2.safetensors"))
        .noneMatch(ModelWriter::isOwn);
  }

  private Path write(long shardBytes, List<NewTensor> tensors) {
    Path path = directory.resolve("model");
    ModelDirectory base = open(REFERENCE.resolve("base"));
    try (OutputDirectory out = OutputDirectory.create(path.toString(), HADOOP)) {
      ModelWriter.write(out, base, base, base.json("config.json"), tensors, shardBytes);
      out.commit();
    }
    assertThat(Files.isDirectory(path)).isTrue();
    return path;
  }

  /** A vector whose elements are its length. */
  private static NewTensor tensor(String name, int length) {
    float[] values = new float[length];
    Arrays.fill(values, length);
    return NewTensor.of(name, values, length);
  }

  private static JsonNode json(String text) {
    try {
      return new JsonMapper().readTree(text);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static ModelDirectory open(Path path) {
    return ModelDirectory.open(path.toString(), HADOOP);
  }
}
