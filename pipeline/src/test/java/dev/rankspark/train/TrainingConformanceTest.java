package dev.rankspark.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.checkpoint.LoraAdapter;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.distributed.ProcessGroup;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import dev.rankspark.model.TrainableEncoder;
import dev.rankspark.model.TrainableEncoder.AdamW;
import dev.rankspark.model.TrainedParameters;
import dev.rankspark.model.TrainedParameters.Part;
import dev.rankspark.progress.ByteCount;
import dev.rankspark.prompt.PairEncoder;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.train.LearningRate.Schedule;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Steps of training against those that Tevatron's own code took. */
@Tag("conformance")
class TrainingConformanceTest {
  private static final JsonMapper JSON = new JsonMapper();

  /** Only the first step can be held tightly: Adam follows the sign of near-zero gradients. */
  private static final double FIRST_LOSSES = 1e-4;

  private static final double FIRST_NORM = 1e-3;
  private static final double LOSSES = 2e-3;
  private static final double WEIGHTS = 1e-4;
  private static final double MOST_WEIGHTS = 0.999;

  private final Path train = Path.of(System.getProperty("rankspark.shared"), "fixtures/train");

  @ParameterizedTest
  @CsvSource({"plain, false", "plain, true", "accumulated, false", "accumulated, true"})
  void stepsAreThoseOfTheReference(String name, boolean checkpointing) throws Exception {
    JsonNode expected = JSON.readTree(train.resolve(name + "/expected.json").toFile());
    int accumulation = expected.path("gradient_accumulation_steps").asInt();
    int batch = expected.path("per_device_train_batch_size").asInt();
    int steps = expected.path("max_steps").asInt();
    double rate = expected.path("learning_rate").asDouble();
    List<String> lines = Files.readAllLines(train.resolve(name + "/groups.jsonl"));
    TrainingPlan plan =
        new TrainingPlan(
            lines.size(), 1, new TrainingPlan.Options(batch, accumulation, 1, steps, 42, false));
    TrainOptions.Trained lora =
        new TrainOptions.Trained.GivenAdapter(
            train.resolve(name + "/initial").toString(),
            new TrainOptions.Lora(8, 64, 0, TrainedParameters.MODULES));
    String base = train.resolve("../rankllama/base").normalize().toString();
    TrainOptions.Model model = new TrainOptions.Model(base, base);
    TrainedModel trained =
        TrainedModel.open(
            model,
            lora,
            new PromptOptions(
                "query: ", "document: ", expected.path("rerank_max_len").asInt(), false),
            new Configuration());
    List<TrainingLoop.Step> taken = new ArrayList<>();
    float[] result;
    try (PairEncoder tokenizer = trained.loadTokenizer();
        TrainableEncoder encoder =
            trained.load(
                Hardware.detect("cpu", Dtype.FLOAT32),
                Optional.empty(),
                checkpointing,
                2,
                42,
                ByteCount.NONE);
        ProcessGroup alone = ProcessGroup.alone()) {
      new TrainingLoop(
              plan,
              new LearningRate(rate, Schedule.LINEAR, 0, steps),
              new AdamW(0.9, 0.999, 1e-8, 0, 1),
              encoder,
              tokenizer,
              alone)
          .run(groups(lines, plan), 0, taken::add);
      result = encoder.parameters();
    }

    assertThat(taken).hasSize(steps);
    double largest = 0;
    for (TrainingLoop.Step step : taken) {
      JsonNode reference = expected.path("steps").get(step.number() - 1);
      boolean first = step.number() == 1;
      assertThat(step.learningRate()).isEqualTo(reference.path("learning_rate").asDouble());
      assertThat(step.microLosses()).hasSize(accumulation);
      for (int micro = 0; micro < accumulation; micro++) {
        double loss = reference.path("micro_losses").get(micro).asDouble();
        largest = Math.max(largest, Math.abs(step.microLosses().get(micro) - loss));
        assertThat(step.microLosses().get(micro))
            .as("step %d, batch %d", step.number(), micro)
            .isCloseTo(loss, Offset.offset(first ? FIRST_LOSSES : LOSSES));
      }
      if (first) {
        double norm = reference.path("grad_norm").asDouble();
        assertThat(step.gradNorm()).isCloseTo(norm, Offset.offset(FIRST_NORM * norm));
        System.out.printf(
            "%s, checkpointing %s: first norm %.6f, expected %.6f%n",
            name, checkpointing, step.gradNorm(), norm);
      }
    }
    compare(name, checkpointing, trained.parameters(), result, 2 * rate, largest);
  }

  private void compare(
      String name,
      boolean checkpointing,
      TrainedParameters parameters,
      float[] result,
      double most,
      double largestLoss) {
    LoraAdapter reference =
        LoraAdapter.open(
            ModelDirectory.open(train.resolve(name + "/final").toString(), new Configuration()));
    long close = 0;
    double largest = 0;
    for (Part part : parameters.parts()) {
      float[] expected =
          (switch (part.role()) {
                case LORA_A -> reference.factors().get(part.name()).a();
                case LORA_B -> reference.factors().get(part.name()).b();
                case WHOLE -> reference.head().orElseThrow();
              })
              .floats();
      for (int i = 0; i < expected.length; i++) {
        double difference = Math.abs(result[part.from() + i] - expected[i]);
        largest = Math.max(largest, difference);
        close += difference <= WEIGHTS ? 1 : 0;
      }
    }
    System.out.printf(
        "%s, checkpointing %s: largest difference of a loss %.2e, of a weight %.2e; %d of %d weights"
            + " within 1e-4%n",
        name, checkpointing, largestLoss, largest, close, result.length);
    assertThat(largest).isLessThanOrEqualTo(most);
    assertThat(close).isGreaterThanOrEqualTo((long) Math.ceil(MOST_WEIGHTS * result.length));
  }

  /** The texts in the order in which the reference used them. */
  private static Iterator<PlacedGroup> groups(List<String> lines, TrainingPlan plan)
      throws Exception {
    List<PlacedGroup> groups = new ArrayList<>();
    int serial = 0;
    for (String line : lines) {
      List<String> texts = new ArrayList<>();
      JSON.readTree(line).forEach(text -> texts.add(text.asText()));
      groups.add(new PlacedGroup(plan.place(serial), plan.epoch(serial), "line " + serial, texts));
      serial++;
    }
    return groups.iterator();
  }
}
