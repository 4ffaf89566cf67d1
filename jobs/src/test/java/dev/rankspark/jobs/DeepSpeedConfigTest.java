package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A DeepSpeed file beside the options: it must not ask for another training. */
class DeepSpeedConfigTest extends TrainingTest {
  @Test
  void aDeepSpeedFileMustAgreeWithTheOptions() throws IOException {
    Path file = folder.resolve("ds.json");
    Files.writeString(
        file,
        "{\"zero_optimization\": {\"stage\": 3}, \"bf16\": {\"enabled\": \"auto\"},"
            + " \"optimizer\": {\"type\": \"AdamW\", \"params\": {\"lr\": 1e-4,"
            + " \"betas\": [0.9, 0.95]}}}");
    assertFails(
        Main.USAGE,
        train("--deepspeed", file.toString()),
        "optimizer.params.lr is 1.0E-4, and the command line says 0.001");
    List<String> more =
        List.of("--deepspeed", file.toString(), "--learning-rate", "1e-4", "--max-steps", "1");
    assertFails(
        Main.USAGE,
        train(more.toArray(String[]::new)),
        "optimizer.params.betas.1 is 0.95, and the command line says 0.999");
    more = new ArrayList<>(more);
    more.addAll(List.of("--adam-beta2", "0.95"));
    Cli.Result result = train(more.toArray(String[]::new));
    assertSucceeds(result);
    assertThat(result.err()).contains("ignored: zero_optimization");
  }

  @Test
  void aDeepSpeedFileThatWouldTrainOtherwiseIsRefused() throws IOException {
    Path file = folder.resolve("ds.json");
    for (List<String> wrong :
        List.of(
            List.of(
                "\"scheduler\": {\"type\": \"WarmupLR\"}",
                "scheduler.type is WarmupLR, and the command line says --lr-scheduler-type linear;"
                    + " leave it out of the file, or give --lr-scheduler-type constant_with_warmup"),
            List.of("\"scheduler\": {\"type\": \"OneCycle\"}", "scheduler.type is OneCycle"),
            List.of(
                "\"scheduler\": {\"type\": \"WarmupDecayLR\", \"params\": {\"warmup_num_steps\": 9}}",
                "scheduler.params.warmup_num_steps is 9, and the command line says 0"),
            List.of(
                "\"optimizer\": {\"type\": \"Adam\", \"params\": {\"adam_w_mode\": false}}",
                "optimizer.params.adam_w_mode is false"),
            List.of("\"amp\": {\"enabled\": true}", "amp is not supported"),
            List.of("\"compression_training\": {\"a\": {}}", "compression_training is not"))) {
      Files.writeString(file, "{" + wrong.get(0) + "}");
      assertFails(Main.USAGE, train("--deepspeed", file.toString()), wrong.get(1));
    }
    assertThat(output).doesNotExist();
  }
}
