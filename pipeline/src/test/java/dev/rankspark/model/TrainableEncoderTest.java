package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.checkpoint.Weight;
import dev.rankspark.model.TrainBatch.Group;
import dev.rankspark.model.TrainableEncoder.AdamW;
import dev.rankspark.model.TrainedParameters.Part;
import dev.rankspark.progress.ByteCount;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The hand-written backward pass against differences of losses, and what must not change a
 * gradient.
 */
@Tag("older-cpu")
class TrainableEncoderTest {
  private static final long SEED = 20261125;
  private static final int LONGEST = 21;

  /** Float32's noise in a difference of two losses, and the curvature between them. */
  private static final double DIFFERENCES = 0.02;

  /** One gradient summed in another order. */
  private static final double SAME = 1e-5;

  /** A gradient of products whose factors have 8 bits: of this model and length. */
  private static final double ROUNDED = 0.03;

  private final Random random = new Random(SEED);

  @ParameterizedTest
  @CsvSource({
    // model, trained, dropout, checkpointing; mistral has grouped-query attention
    "base, all, 0, false",
    "base, all, 0.3, true",
    "mistral, all, 0, true",
    "mistral, all, 0.3, false",
    "mistral, some, 0.3, true",
    "base, full, 0, false",
    "mistral, full, 0, true",
  })
  void gradientsAreTheSlopesOfTheLoss(
      String model, String trained, double dropout, boolean checkpointing) {
    try (TrainableEncoder encoder = encoder(model, trained, dropout, checkpointing)) {
      TrainedParameters parameters = parameters(model, trained);
      TrainBatch batch = TrainBatch.pack(groups(2, 4));
      encoder.addGradient(batch, 1);
      float[] gradient = encoder.gradient().toFloatArray();
      float[] at = encoder.parameters();
      for (Part part : parameters.parts()) {
        double norm = norm(gradient, part);
        assertThat(norm).as("seed %d, %s", SEED, part).isPositive();
        // Along the gradient the loss rises by its norm; a step that changes the loss by a
        // hundredth.
        double step = 0.01 / norm;
        double up = loss(encoder, batch, moved(at, gradient, part, step / norm));
        double down = loss(encoder, batch, moved(at, gradient, part, -step / norm));
        assertThat((up - down) / (2 * step))
            .as("seed %d, %s", SEED, part)
            .isCloseTo(norm, Offset.offset(DIFFERENCES * norm));
      }
    }
  }

  @Test
  void checkpointingAndPackingDoNotChangeAGradient() {
    List<Group> groups = groups(3, 4);
    float[] together = gradient("mistral", 0.2, false, List.of(groups));
    float[] alone = gradient("mistral", 0.2, true, groups.stream().map(List::of).toList());
    assertThat(distance(together, alone)).as("seed %d", SEED).isLessThan(SAME);
  }

  @ParameterizedTest
  @CsvSource({"base, all, false", "mistral, all, true", "mistral, full, false"})
  void bfloat16sGradientIsFloat32sUpToItsRounding(
      String model, String trained, boolean checkpointing) {
    TrainBatch batch = TrainBatch.pack(groups(2, 4));
    List<float[]> gradients = new ArrayList<>();
    for (Dtype dtype : List.of(Dtype.FLOAT32, Dtype.BFLOAT16)) {
      random.setSeed(SEED + 1); // the same factors each time
      try (TrainableEncoder encoder = encoder(dtype, model, trained, 0, checkpointing)) {
        encoder.addGradient(batch, 1);
        gradients.add(encoder.gradient().toFloatArray());
      }
    }
    assertThat(distance(gradients.get(0), gradients.get(1)))
        .as("seed %d", SEED)
        .isBetween(SAME, ROUNDED);
  }

  @Test
  void dropoutIsDrawnFromTheGroupsSeed() {
    List<Group> groups = groups(1, 4);
    float[] once = gradient("base", 0.2, false, List.of(groups));
    assertThat(gradient("base", 0.2, false, List.of(groups))).isEqualTo(once);
    List<Group> otherSeed = List.of(new Group(groups.get(0).texts(), groups.get(0).seed() + 1));
    assertThat(distance(once, gradient("base", 0.2, false, List.of(otherSeed))))
        .as("seed %d", SEED)
        .isGreaterThan(0.01);
  }

  @Test
  void factorsOfZeroScoreAsTheBase() {
    RerankerCheckpoint checkpoint = checkpoint("mistral");
    DecoderConfig config = config(checkpoint);
    List<long[]> texts = groups(1, 5).get(0).texts();
    int tokens = texts.stream().mapToInt(text -> text.length).sum();
    PackedTexts packed = new PackedTexts.Builder(tokens).add(0, texts).build();
    try (CrossEncoder scoring =
            CrossEncoder.load(
                checkpoint.bind(Architecture.of(config).weightShapes()),
                config,
                hardware(Dtype.FLOAT32),
                hardware(Dtype.FLOAT32).device(Optional.empty()),
                LONGEST,
                2,
                ByteCount.NONE);
        TrainableEncoder training = load(Dtype.FLOAT32, "mistral", "all", 0, false)) {
      Part head = parameters("mistral", "all").head();
      training.setParameters(head.from(), weights("mistral").get("score.weight").stored().floats());
      float[] expected = scoring.score(packed, 2);
      float[] scores = training.score(texts);
      for (int i = 0; i < expected.length; i++) {
        assertThat(scores[i]).isCloseTo(expected[i], Offset.offset(2e-5f));
      }
    }
  }

  @Test
  void wrongSettingsOfAdamW() {
    assertThatThrownBy(() -> new AdamW(1, 0.999, 1e-8, 0, 1))
        .hasMessage("--adam-beta1: expected 0 or more and below 1, got 1.0");
    assertThatThrownBy(() -> new AdamW(0.9, -1, 1e-8, 0, 1))
        .hasMessage("--adam-beta2: expected 0 or more and below 1, got -1.0");
    assertThatThrownBy(() -> new AdamW(0.9, 0.999, -1e-8, 0, 1))
        .hasMessage("--adam-epsilon: expected 0 or more, got -1.0E-8");
    assertThatThrownBy(() -> new AdamW(0.9, 0.999, 1e-8, Double.NaN, 1))
        .hasMessage("--weight-decay: expected 0 or more, got NaN");
    assertThatThrownBy(() -> new AdamW(0.9, 0.999, 1e-8, 0, -1))
        .hasMessage("--max-grad-norm: expected 0 or more, got -1.0");
  }

  @Test
  void aStepIsAdamsWithDecoupledDecayAfterClipping() {
    AdamW adam = new AdamW(0.8, 0.95, 1e-6, 0.1, 0.5);
    try (TrainableEncoder encoder = encoder("base", "some", 0, false)) {
      int size = parameters("base", "some").elements();
      double[] p = doubles(encoder.parameters());
      double[] m = new double[size];
      double[] v = new double[size];
      for (int step = 1; step <= 3; step++) {
        encoder.addGradient(TrainBatch.pack(groups(1, 3)), 1);
        double[] g = doubles(encoder.gradient().toFloatArray());
        double norm = Math.sqrt(IntStream.range(0, size).mapToDouble(i -> g[i] * g[i]).sum());
        assertThat(encoder.update(adam, 0.01, step)).isCloseTo(norm, Offset.offset(1e-5 * norm));
        for (int i = 0; i < size; i++) {
          double clipped = g[i] * Math.min(1, 0.5 / (norm + 1e-6));
          m[i] = 0.8 * m[i] + 0.2 * clipped;
          v[i] = 0.95 * v[i] + 0.05 * clipped * clipped;
          double mean = m[i] / (1 - Math.pow(0.8, step));
          double square = v[i] / (1 - Math.pow(0.95, step));
          p[i] = p[i] * (1 - 0.01 * 0.1) - 0.01 * mean / (Math.sqrt(square) + 1e-6);
        }
        assertThat(distance(encoder.parameters(), floats(p))).as("step %d", step).isLessThan(SAME);
        assertThat(encoder.gradient().toFloatArray()).containsOnly(0f);
      }
    }
  }

  // what is trained

  /** A model whose factors and head are all drawn anew, so that no gradient is zero. */
  private TrainableEncoder encoder(
      String model, String trained, double dropout, boolean checkpointing) {
    return encoder(Dtype.FLOAT32, model, trained, dropout, checkpointing);
  }

  private TrainableEncoder encoder(
      Dtype dtype, String model, String trained, double dropout, boolean checkpointing) {
    TrainableEncoder encoder = load(dtype, model, trained, dropout, checkpointing);
    for (Part part : parameters(model, trained).parts()) {
      if (!trained.equals("full") || part.name().equals(TrainedParameters.HEAD)) {
        float[] values = new float[part.size()];
        for (int i = 0; i < values.length; i++) {
          values[i] = (float) random.nextGaussian() * 0.1f;
        }
        encoder.setParameters(part.from(), values);
      }
    }
    return encoder;
  }

  private static TrainableEncoder load(
      Dtype dtype, String model, String trained, double dropout, boolean checkpointing) {
    return TrainableEncoder.load(
        weights(model),
        config(checkpoint(model)),
        hardware(dtype),
        hardware(dtype).device(Optional.empty()),
        parameters(model, trained),
        new TrainableEncoder.Settings(2, dropout, checkpointing),
        LONGEST,
        2,
        ByteCount.NONE);
  }

  private static TrainedParameters parameters(String model, String trained) {
    DecoderConfig config = config(checkpoint(model));
    return switch (trained) {
      case "full" -> TrainedParameters.full(config);
      case "some" -> TrainedParameters.lora(config, 4, Set.of("v_proj", "up_proj"));
      default -> TrainedParameters.lora(config, 4, Set.copyOf(TrainedParameters.MODULES));
    };
  }

  private static Map<String, Weight> weights(String model) {
    RerankerCheckpoint checkpoint = checkpoint(model);
    return checkpoint.bindForTraining(Architecture.of(config(checkpoint)).weightShapes());
  }

  private static RerankerCheckpoint checkpoint(String model) {
    return RerankerCheckpoint.open(
        Path.of(System.getProperty("rankspark.home"), "reference", model).toString(),
        Optional.empty(),
        Optional.empty(),
        new Configuration());
  }

  private static DecoderConfig config(RerankerCheckpoint checkpoint) {
    return DecoderConfig.parse(checkpoint.config(), "config.json", LONGEST);
  }

  private static Hardware hardware(Dtype dtype) {
    return Hardware.detect("cpu", dtype);
  }

  /** Groups whose texts begin alike and have few lengths, some of them equal. */
  private List<Group> groups(int count, int size) {
    List<Group> groups = new ArrayList<>();
    for (int g = 0; g < count; g++) {
      long[] prefix = ids(5 + random.nextInt(4));
      List<long[]> texts = new ArrayList<>();
      for (int i = 0; i < size; i++) {
        long[] own = ids(3 + 4 * random.nextInt(3));
        long[] text = java.util.Arrays.copyOf(prefix, prefix.length + own.length);
        System.arraycopy(own, 0, text, prefix.length, own.length);
        texts.add(text);
      }
      groups.add(new Group(texts, random.nextInt(1_000_000)));
    }
    return groups;
  }

  private long[] ids(int count) {
    return random.longs(count, 3, 200).toArray();
  }

  private float[] gradient(
      String model, double dropout, boolean checkpointing, List<List<Group>> batches) {
    random.setSeed(SEED + 1); // the same factors each time
    try (TrainableEncoder encoder = encoder(model, "all", dropout, checkpointing)) {
      batches.forEach(batch -> encoder.addGradient(TrainBatch.pack(batch), 1));
      return encoder.gradient().toFloatArray();
    }
  }

  // numbers

  private static double loss(TrainableEncoder encoder, TrainBatch batch, float[] parameters) {
    encoder.setParameters(0, parameters);
    double sum = 0;
    for (float loss : encoder.addGradient(batch, 0)) {
      sum += loss;
    }
    return sum;
  }

  private static float[] moved(float[] at, float[] direction, Part part, double by) {
    float[] moved = at.clone();
    for (int i = part.from(); i < part.from() + part.size(); i++) {
      moved[i] += (float) (by * direction[i]);
    }
    return moved;
  }

  private static double norm(float[] vector, Part part) {
    double sum = 0;
    for (int i = part.from(); i < part.from() + part.size(); i++) {
      sum += (double) vector[i] * vector[i];
    }
    return Math.sqrt(sum);
  }

  /** The difference's norm by the first one's. */
  private static double distance(float[] a, float[] b) {
    double difference = 0;
    double norm = 0;
    for (int i = 0; i < a.length; i++) {
      difference += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
      norm += (double) a[i] * a[i];
    }
    return Math.sqrt(difference / norm);
  }

  private static double[] doubles(float[] values) {
    return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
  }

  private static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }
}
