package dev.rankspark.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.files.OutputDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterWriterTest {
  private static final Configuration HADOOP = new Configuration(false);
  private static final Path REFERENCE = Path.of(System.getProperty("rankspark.home"), "reference");
  private static final String Q = "model.layers.0.self_attn.q_proj";

  @TempDir Path directory;

  @Test
  void whatPeftWroteIsWrittenAlike() throws IOException {
    ModelDirectory theirs = open(REFERENCE.resolve("adapter"));
    List<NewTensor> tensors = rewritten(theirs);
    var settings =
        new AdapterSettings(
            4,
            32,
            0.1,
            List.of("down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"),
            "base");

    Path ours = write(settings, tensors);

    assertThat(ours.resolve("adapter_model.safetensors"))
        .hasSameBinaryContentAs(REFERENCE.resolve("adapter/adapter_model.safetensors"));
    assertThat(open(ours).json("adapter_config.json"))
        .isEqualTo(theirs.json("adapter_config.json"));
  }

  @Test
  @Tag("conformance")
  void whatTevatronTrainedIsWrittenAlike() throws IOException {
    Path fixture = Path.of(System.getProperty("rankspark.shared"), "fixtures/train/plain/final");
    ModelDirectory theirs = open(fixture);
    var config = theirs.json("adapter_config.json");
    List<String> targets = new ArrayList<>();
    config.get("target_modules").forEach(module -> targets.add(module.asText()));

    Path ours = write(new AdapterSettings(8, 64, 0, targets, "rankllama/base"), rewritten(theirs));

    assertThat(ours.resolve("adapter_model.safetensors"))
        .hasSameBinaryContentAs(fixture.resolve("adapter_model.safetensors"));
    assertThat(open(ours).json("adapter_config.json")).isEqualTo(config);
  }

  @Test
  void ourReaderFindsPairsScalingAndHead() {
    float[] vector = new float[100];
    for (int i = 0; i < vector.length; i++) {
      vector[i] = i;
    }
    var settings = new AdapterSettings(2, 3.5, 0, List.of("q_proj"), "some/base");

    Path ours =
        write(
            settings,
            List.of(
                NewTensor.of(AdapterWriter.HEAD, vector, 1, 4),
                NewTensor.part(AdapterWriter.loraA(Q), vector, 10, 2, 4),
                NewTensor.part(AdapterWriter.loraB(Q), vector, 20, 6, 2)));

    LoraAdapter adapter = LoraAdapter.open(open(ours));
    assertThat(adapter.baseModel()).contains("some/base");
    assertThat(adapter.scaling()).isEqualTo(1.75);
    assertThat(adapter.factors()).containsOnlyKeys(Q);
    assertThat(adapter.factors().get(Q).a().floats())
        .containsExactly(10, 11, 12, 13, 14, 15, 16, 17);
    assertThat(adapter.factors().get(Q).b().shape()).containsExactly(6, 2);
    assertThat(adapter.head().orElseThrow().floats()).containsExactly(0, 1, 2, 3);
  }

  @Test
  void halfAPairNoHeadAndOtherRanksAreMistakesOfTheCaller() {
    NewTensor a = NewTensor.of(AdapterWriter.loraA(Q), new float[8], 2, 4);
    NewTensor b = NewTensor.of(AdapterWriter.loraB(Q), new float[12], 6, 2);
    NewTensor head = NewTensor.of(AdapterWriter.HEAD, new float[4], 1, 4);
    var settings = new AdapterSettings(2, 16, 0.1, List.of("q_proj"), "base");

    assertThatThrownBy(() -> write(settings, List.of(a, head)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("LoRA A without B, or B without A: " + Q);
    assertThatThrownBy(() -> write(settings, List.of(b, head)))
        .hasMessage("LoRA A without B, or B without A: " + Q);
    assertThatThrownBy(() -> write(settings, List.of(a, b)))
        .hasMessage("no head base_model.model.score.weight");
    var rank3 = new AdapterSettings(3, 16, 0.1, List.of("q_proj"), "base");
    assertThatThrownBy(() -> write(rank3, List.of(a, b, head)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "no tensor of an adapter of rank 3: base_model.model.%s.lora_A.weight of shape [2, 4]",
            Q);
    assertThat(directory).isEmptyDirectory();
  }

  private static List<NewTensor> rewritten(ModelDirectory theirs) {
    List<NewTensor> tensors = new ArrayList<>();
    Weights.read(theirs, "adapter_model.safetensors")
        .forEach(
            (name, tensor) -> tensors.add(NewTensor.of(name, tensor.floats(), tensor.shape())));
    return tensors;
  }

  private Path write(AdapterSettings settings, List<NewTensor> tensors) {
    Path path = directory.resolve("adapter");
    try (OutputDirectory out = OutputDirectory.create(path.toString(), HADOOP)) {
      AdapterWriter.write(out, settings, tensors);
      out.commit();
    }
    assertThat(Files.exists(path.resolve("adapter_config.json"))).isTrue();
    return path;
  }

  private static ModelDirectory open(Path path) {
    return ModelDirectory.open(path.toString(), HADOOP);
  }
}
