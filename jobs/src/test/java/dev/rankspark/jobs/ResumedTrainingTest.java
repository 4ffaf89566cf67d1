package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.commons.io.FileUtils;
import org.junit.jupiter.api.Test;

/** A training that goes on from a checkpoint ends as if nothing had happened, or is refused. */
class ResumedTrainingTest extends TrainingTest {
  @Test
  void aResumedTrainingEndsInTheSameBytes() throws IOException {
    assertSucceeds(train());
    Path stopped = folder.resolve("stopped");
    FileUtils.copyDirectory(
        output.resolve("checkpoint-3").toFile(), stopped.resolve("checkpoint-3").toFile());
    // What a driver leaves that is killed while it writes.
    Files.createDirectories(stopped.resolve(".checkpoint-6.6f1c/part"));

    assertSucceeds(
        Cli.run(TrainingFiles.train(dataset, stopped), "--resume-from-checkpoint", "true"));

    assertThat(names(stopped)).noneMatch(name -> name.startsWith("."));

    assertThat(stopped.resolve("adapter_model.safetensors"))
        .hasSameBinaryContentAs(output.resolve("adapter_model.safetensors"));
    assertThat(stopped.resolve("trainer_log.jsonl"))
        .hasSameTextualContentAs(output.resolve("trainer_log.jsonl"));
    assertThat(stopped.resolve("checkpoint-8/optimizer.safetensors"))
        .hasSameBinaryContentAs(output.resolve("checkpoint-8/optimizer.safetensors"));
  }

  @Test
  void aTrainingGoesOnFromACheckpointOfAnotherDirectory() throws IOException {
    assertSucceeds(train());
    Path elsewhere = folder.resolve("elsewhere/checkpoint-6");
    Path stopped = folder.resolve("stopped");
    FileUtils.copyDirectory(output.resolve("checkpoint-6").toFile(), elsewhere.toFile());
    FileUtils.copyDirectory(
        output.resolve("checkpoint-3").toFile(), stopped.resolve("checkpoint-3").toFile());

    Cli.Result resumed =
        Cli.run(
            TrainingFiles.train(dataset, stopped),
            "--resume-from-checkpoint",
            elsewhere.toString());

    assertSucceeds(resumed);
    assertThat(resumed.err()).contains("2 steps after 6");
    assertThat(stopped.resolve("adapter_model.safetensors"))
        .hasSameBinaryContentAs(output.resolve("adapter_model.safetensors"));
  }

  @Test
  void aTrainingThatLacksItsResultAloneIsFinished() throws IOException {
    assertSucceeds(train());
    byte[] adapter = Files.readAllBytes(output.resolve("adapter_model.safetensors"));
    assertFails(Main.INPUT, train("--resume-from-checkpoint", "true"), "nothing is left to do");
    Files.delete(output.resolve("adapter_model.safetensors"));
    Files.delete(output.resolve("adapter_config.json"));

    assertSucceeds(train("--resume-from-checkpoint", "true"));

    assertThat(output.resolve("adapter_model.safetensors")).hasBinaryContent(adapter);
  }

  @Test
  void aCheckpointCutShortIsPassedOver() throws IOException {
    assertSucceeds(train());
    byte[] whole = Files.readAllBytes(output.resolve("checkpoint-8/optimizer.safetensors"));
    Files.write(
        output.resolve("checkpoint-8/optimizer.safetensors"),
        java.util.Arrays.copyOf(whole, whole.length - 1));

    Cli.Result resumed = train("--resume-from-checkpoint", "true");

    assertSucceeds(resumed);
    assertThat(resumed.err()).contains("not used: ").contains("checkpoint-8");
    assertThat(Files.readAllBytes(output.resolve("checkpoint-8/optimizer.safetensors")))
        .isEqualTo(whole);
  }

  /** All of its steps are equally good, and of the first there is no checkpoint. */
  @Test
  void aRunThatBeganWithoutKeepingTheBestKeepsTheBestOfTheRest() throws IOException {
    List<String> evaluated =
        List.of(
            "--eval-dataset-path",
            Cli.reference("expected/rerank_input.jsonl"),
            "--eval-qrels",
            Cli.reference("data/qrels.txt"),
            "--eval-steps",
            "1",
            "--learning-rate",
            "0");
    assertSucceeds(train(evaluated.toArray(String[]::new)));
    Path stopped = folder.resolve("stopped");
    FileUtils.copyDirectory(
        output.resolve("checkpoint-6").toFile(), stopped.resolve("checkpoint-6").toFile());
    List<String> resumed = TrainingFiles.train(dataset, stopped);
    resumed.addAll(evaluated);
    assertSucceeds(
        Cli.run(resumed, "--resume-from-checkpoint", "true", "--load-best-model-at-end"));
    assertThat(names(stopped)).contains("adapter_model.safetensors");
  }

  @Test
  void anotherSettingsCheckpointIsRefused() throws IOException {
    assertSucceeds(train());
    assertFails(
        Main.INPUT,
        train("--resume-from-checkpoint", "true", "--learning-rate", "2e-3"),
        "learning_rate");
    List<String> lines = new ArrayList<>(Files.readAllLines(dataset));
    Collections.swap(lines, 0, 1);
    List<String> reordered =
        TrainingFiles.train(Files.write(folder.resolve("reordered.jsonl"), lines), output);
    assertFails(Main.INPUT, Cli.run(reordered, "--resume-from-checkpoint", "true"), "data_set");
    Path base = folder.resolve("base");
    FileUtils.copyDirectory(new File(Cli.reference("base")), base.toFile());
    Files.writeString(base.resolve("tokenizer.json"), " ", StandardOpenOption.APPEND);
    assertFails(
        Main.INPUT,
        train("--resume-from-checkpoint", "true", "--tokenizer-name", base.toString()),
        "with model ");
    assertFails(Main.INPUT, train(), "is not empty");
    assertSucceeds(train("--overwrite-output-dir", "--max-steps", "1"));
    assertThat(names(output)).contains("checkpoint-1").doesNotContain("checkpoint-8");
  }

  /** Of 14 items 12 fill batches of 4; the order of epoch 0 is that of --seed 7. */
  @Test
  void theItemsOrderAndRestAreThoseOfTheDataLoader() throws IOException {
    List<String> args = TrainingFiles.train(dataset, output);
    args.removeAll(List.of("--max-steps", "8"));
    Cli.Result dropping =
        Cli.run(
            args,
            "--per-device-train-batch-size",
            "4",
            "--num-train-epochs",
            "1",
            "--data-seed",
            "7",
            "--dataloader-drop-last",
            "--save-strategy",
            "epoch");
    assertSucceeds(dropping);
    assertThat(names(output)).contains("checkpoint-3").doesNotContain("checkpoint-4");
    assertFails(
        Main.INPUT,
        Cli.run(
            args,
            "--per-device-train-batch-size",
            "4",
            "--num-train-epochs",
            "1",
            "--save-strategy",
            "epoch",
            "--resume-from-checkpoint",
            "true"),
        "was made with data_seed 7");
  }
}
