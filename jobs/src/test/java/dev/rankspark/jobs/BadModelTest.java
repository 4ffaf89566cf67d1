package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Checkpoints that are cut, do not fit or are none. Each test changes one thing in a command that
 * works.
 */
class BadModelTest extends RefusedCommandTest {
  @Test
  void aCutShard() throws IOException {
    Path model = copyFolder("mistral");
    Path shard = model.resolve("model-00002-of-00002.safetensors");
    byte[] bytes = Files.readAllBytes(shard);
    Files.write(shard, Arrays.copyOf(bytes, bytes.length - 100));
    assertRefused(
        rerank("--model-name-or-path", model), Main.INPUT, "model-00002-of-00002.safetensors");
  }

  @Test
  void aMissingShard() throws IOException {
    Path model = copyFolder("mistral");
    Files.delete(model.resolve("model-00001-of-00002.safetensors"));
    assertRefused(
        rerank("--model-name-or-path", model), Main.INPUT, "model-00001-of-00002.safetensors");
  }

  @Test
  void anAdapterOfAnotherShape() {
    assertRefused(
        rerank("--model-name-or-path", Path.of(Cli.reference("mistral"))),
        Main.INPUT,
        "the adapter does not fit model.layers.0.self_attn.q_proj.weight of shape [48, 32]: lora_A");
  }

  @Test
  void aModelWithoutAHead() throws IOException {
    List<String> args = new ArrayList<>(rerank("--dataset-path", input()));
    args.subList(args.indexOf("--lora-name-or-path"), args.indexOf("--lora-name-or-path") + 2)
        .clear();
    assertRefused(args, Main.INPUT, "score.weight");
  }

  @Test
  void anUnknownModelType() throws IOException {
    Path model = copyFolder("base");
    Path config = model.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace("\"llama\"", "\"gpt_neox\""));
    assertRefused(
        rerank("--model-name-or-path", model),
        Main.INPUT,
        "model_type \"gpt_neox\" is not supported; supported: llama, mistral");
  }

  @Test
  void anAdapterThatWantsToRunCode() throws IOException {
    Path adapter = copyFolder("adapter-bin");
    Path marker = folder.resolve("ran");
    TorchArchives.writeMalicious(adapter.resolve("adapter_model.bin"), "touch " + marker);
    assertRefused(
        rerank("--lora-name-or-path", adapter), Main.INPUT, "adapter_model.bin", "system");
    assertThat(marker).doesNotExist();
  }

  @Test
  void aModelPathThatDoesNotExist() {
    Path nowhere = folder.resolve("nowhere");
    assertRefused(rerank("--model-name-or-path", nowhere), Main.INPUT, nowhere + " does not exist");
  }

  @Test
  void aModelWhoseScoreIsNotANumber() throws IOException {
    Path adapter = copyFolder("adapter");
    Path weights = adapter.resolve("adapter_model.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    Arrays.fill(bytes, bytes.length - 64, bytes.length, (byte) 0xff); // NaN in every format
    Files.write(weights, bytes);
    assertRefused(
        rerank("--lora-name-or-path", adapter),
        Main.INPUT,
        "the model's score of query ",
        ", docid ",
        " is NaN; nothing was published");
  }
}
