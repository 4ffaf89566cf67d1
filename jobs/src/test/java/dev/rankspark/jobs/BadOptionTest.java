package dev.rankspark.jobs;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Options that there are not, or not so, or not here. */
class BadOptionTest extends RefusedCommandTest {
  @Test
  void anUnknownOption() {
    assertRefused(
        rerank("--dataset-path", input(), "--rerank-max-length", "196"),
        Main.USAGE,
        "--rerank-max-length");
  }

  @Test
  void aMissingOption() {
    assertRefused(
        List.of("rerank", "--dataset-path", input().toString()),
        Main.USAGE,
        "--model-name-or-path");
  }

  @Test
  void valuesOutOfRange() {
    assertRefused(
        rerank("--dataset-path", input(), "--dtype", "float8"),
        Main.USAGE,
        "--dtype: expected auto or one of float32, bfloat16, float16, int8, got \"float8\"");
    assertRefused(
        rerank("--dataset-path", input(), "--per-device-eval-batch-size", "0"),
        Main.USAGE,
        "--per-device-eval-batch-size: expected at least 1, got 0");
    assertRefused(
        rerank("--dataset-path", input(), "--max-batch-tokens", "0"),
        Main.USAGE,
        "--max-batch-tokens: expected at least 1, got 0");
    assertRefused(
        rerank("--dataset-path", input(), "--max-batch-tokens", "-1"),
        Main.USAGE,
        "--max-batch-tokens: expected at least 1, got -1");
    assertRefused(
        rerank("--dataset-path", input(), "--max-batch-tokens", "many"),
        Main.USAGE,
        "--max-batch-tokens",
        "many");
    assertRefused(
        triple("--depth", Path.of("0")), Main.USAGE, "--depth: expected at least 1, got 0");
    assertRefused(
        rerank("--dataset-path", input(), "--run-tag", "two words"),
        Main.USAGE,
        "--run-tag: expected one word, got \"two words\"");
  }

  @Test
  void aRunTagOfTwoWords() {
    assertRefused(
        List.of(
            "convert",
            "--input",
            Cli.reference("data/run.trec"),
            "--output",
            outputs + "/x",
            "--run-tag",
            "my run"),
        Main.USAGE,
        "--run-tag: expected one word, got \"my run\"");
  }

  @Test
  void aGpuThatIsNotThere() {
    assumeFalse(Files.exists(Path.of("/dev/nvidia0")));
    assertRefused(
        rerank("--dataset-path", input(), "--device", "cuda"),
        Main.DEVICE,
        "no NVIDIA driver is found here (libcuda.so.1)");
  }
}
