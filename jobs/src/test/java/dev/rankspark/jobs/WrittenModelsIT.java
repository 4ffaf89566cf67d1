package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.checkpoint.AdapterSettings;
import dev.rankspark.checkpoint.AdapterWriter;
import dev.rankspark.checkpoint.NewTensor;
import dev.rankspark.files.OutputDirectory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What we write, with transformers, PEFT and safetensors as the judges: {@code
 * reference/read_back.py} reads it, demands every weight and the libraries' own bytes, and scores
 * with it.
 */
@Tag("python")
class WrittenModelsIT {
  private static final long SEED = Long.getLong("rankspark.seed", 20261125);

  /** Between our float32 and the reference's. */
  private static final double FLOAT32 = 1e-4;

  private static final String INPUT = Cli.reference("expected/rerank_input.jsonl");

  @TempDir private Path folder;

  /** A written thing, and the arguments with which our rerank reads it. */
  private record Written(ObjectNode line, List<String> arguments) {}

  @Test
  void anAdapterIsPeftsOwnAndScoresAlike() throws Exception {
    Path adapter = folder.resolve("adapter");
    try (OutputDirectory out = OutputDirectory.create(adapter.toString(), new Configuration())) {
      var targets =
          List.of("q_proj", "k_proj", "v_proj", "o_proj", "down_proj", "up_proj", "gate_proj");
      AdapterWriter.write(
          out, new AdapterSettings(8, 64, 0.1, targets, Cli.reference("base")), adapterOfTheBase());
      out.commit();
    }
    ObjectNode line = line("float32").put("adapter", adapter.toString());
    line.put("base", Cli.reference("base"));

    judge(List.of(new Written(line, List.of("--model-name-or-path", adapter.toString()))));
  }

  @Test
  void aTrainedAdapterIsPeftsOwnAndScoresAlike() throws Exception {
    Path adapter = folder.resolve("trained");
    Path dataset = TrainingFiles.write(folder.resolve("train.jsonl"));
    Cli.Result result = Cli.run(TrainingFiles.train(dataset, adapter));
    assertThat(result.exitCode()).as(result.err()).isZero();
    ObjectNode line = line("float32").put("adapter", adapter.toString());
    line.put("base", Cli.reference("base"));

    judge(List.of(new Written(line, List.of("--model-name-or-path", adapter.toString()))));
  }

  @Test
  void mergedModelsLoadWholeAndScoreAlike() throws Exception {
    List<Written> all = new ArrayList<>();
    for (String dtype : List.of("float32", "bfloat16", "float16")) {
      all.add(merged(dtype, "base", "--lora-name-or-path", Cli.reference("adapter")));
      all.add(merged(dtype, "mistral", "--max-shard-size", "40KB"));
      all.add(merged(dtype, "backbone"));
    }
    judge(all);
  }

  /** Of rank 8, seeded. */
  private static List<NewTensor> adapterOfTheBase() {
    Random random = new Random(SEED);
    List<NewTensor> tensors = new ArrayList<>();
    for (int layer = 0; layer < 2; layer++) {
      for (String name : List.of("q_proj", "k_proj", "v_proj", "o_proj")) {
        addPair(tensors, "model.layers." + layer + ".self_attn." + name, 32, 32, random);
      }
      addPair(tensors, "model.layers." + layer + ".mlp.gate_proj", 32, 80, random);
      addPair(tensors, "model.layers." + layer + ".mlp.up_proj", 32, 80, random);
      addPair(tensors, "model.layers." + layer + ".mlp.down_proj", 80, 32, random);
    }
    tensors.add(NewTensor.of(AdapterWriter.HEAD, normal(32, 0.5f, random), 1, 32));
    return tensors;
  }

  private static void addPair(
      List<NewTensor> tensors, String module, int in, int out, Random random) {
    tensors.add(NewTensor.of(AdapterWriter.loraA(module), normal(8 * in, 0.1f, random), 8, in));
    tensors.add(NewTensor.of(AdapterWriter.loraB(module), normal(out * 8, 0.1f, random), out, 8));
  }

  private static float[] normal(int count, float deviation, Random random) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = deviation * (float) random.nextGaussian();
    }
    return values;
  }

  private Written merged(String dtype, String model, String... more) {
    Path output = folder.resolve(model + "." + dtype);
    List<String> args = new ArrayList<>(List.of("merge", "--model-name-or-path"));
    args.addAll(List.of(Cli.reference(model), "--output-dir", output.toString(), "--dtype", dtype));
    Cli.Result result = Cli.run(args, more);
    assertThat(result.exitCode()).as(result.err()).isZero();
    return new Written(
        line(dtype).put("model", output.toString()),
        List.of("--model-name-or-path", output.toString()));
  }

  private ObjectNode line(String dtype) {
    return new JsonMapper()
        .createObjectNode()
        .put("dtype", dtype)
        .put("input", INPUT)
        .put("max_len", 196)
        .put("append_eos", false);
  }

  private void judge(List<Written> all) throws Exception {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < all.size(); i++) {
      lines.add(
          all.get(i).line().put("output", folder.resolve("theirs." + i).toString()).toString());
    }
    Path written = Files.write(folder.resolve("written.jsonl"), lines);
    readBack(folder, written);
    for (int i = 0; i < all.size(); i++) {
      Path ours = folder.resolve("ours." + i);
      List<String> args = new ArrayList<>(List.of("rerank"));
      args.addAll(all.get(i).arguments());
      Cli.Result result =
          Cli.run(
              args,
              "--dataset-path",
              INPUT,
              "--query-prefix",
              "query: ",
              "--passage-prefix",
              "document: ",
              "--rerank-max-len",
              "196",
              "--dtype",
              "float32",
              "--rerank-output-path",
              ours.toString());
      assertThat(result.exitCode()).as(result.err()).isZero();
      double difference =
          Scores.read(ours).largestDifference(Scores.read(folder.resolve("theirs." + i)));
      System.out.printf("largest difference %.1e: %s%n", difference, lines.get(i));
      assertThat(difference).as("seed %d, %s", SEED, lines.get(i)).isLessThanOrEqualTo(FLOAT32);
    }
  }

  /** Runs {@code read_back.py}. */
  static void readBack(Path logs, Path written) throws Exception {
    PythonIT.run(
        logs,
        Map.of("HF_HUB_OFFLINE", "1"),
        PythonIT.PYTHON.resolve("bin/python").toString(),
        PythonIT.HOME.resolve("reference/read_back.py").toString(),
        written.toString());
  }
}
