package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rankspark.files.UserCache;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The dtype that is taken if none is asked for. */
class CpuDtypeTest {
  private static final long GB = 1_000_000_000;
  private static final OptionalLong MUCH = OptionalLong.of(100 * GB);

  @TempDir private Path folder;

  @Test
  void theFasterIsTakenFloat32IfItIsWithinATenth() {
    assertThat(new CpuDtype(264, 165).choose(GB, MUCH))
        .isEqualTo(
            new CpuDtype.Choice(
                Dtype.FLOAT32, "products of its width: float32 264, bfloat16 165 GFLOP/s"));
    assertThat(new CpuDtype(100, 109).choose(GB, MUCH).dtype()).isEqualTo(Dtype.FLOAT32);
    assertThat(new CpuDtype(100, 111).choose(GB, MUCH).dtype()).isEqualTo(Dtype.BFLOAT16);
  }

  @Test
  void float32sWeightsMustFit() {
    assertThat(new CpuDtype(264, 165).choose(27 * GB, OptionalLong.of(20 * GB)))
        .isEqualTo(
            new CpuDtype.Choice(
                Dtype.BFLOAT16,
                "its weights take 27.0 GB in float32, and 20.0 GB of memory are left; products of"
                    + " its width: float32 264, bfloat16 165 GFLOP/s"));
    assertThat(new CpuDtype(264, 165).choose(27 * GB, OptionalLong.empty()).dtype())
        .as("where the system does not say")
        .isEqualTo(Dtype.FLOAT32);
  }

  /** The model itself takes it: the tasks after the first would compute in another dtype. */
  @Test
  void aChoiceStaysWhateverMemoryIsLeftLater() throws IOException {
    DecoderConfig config =
        DecoderConfig.parse(
            new ObjectMapper()
                .readTree(
                    "{\"model_type\": \"llama\", \"vocab_size\": 100, \"hidden_size\": 64,"
                        + " \"intermediate_size\": 64, \"num_hidden_layers\": 1,"
                        + " \"num_attention_heads\": 2}"),
            "config.json",
            10);
    UserCache cache = UserCache.in(folder);
    cache.write(CpuDtype.machine(64, 1), "2.0 1.0");

    assertThat(CpuDtype.best(config, 1, cache, () -> MUCH).dtype()).isEqualTo(Dtype.FLOAT32);
    assertThat(CpuDtype.best(config, 1, cache, () -> OptionalLong.of(1)).dtype())
        .isEqualTo(Dtype.FLOAT32);
  }

  @Test
  void whatWasMeasuredIsRemembered() {
    UserCache cache = UserCache.in(folder);
    CpuDtype measured = CpuDtype.of("this machine", 64, 1, cache);
    assertThat(measured.float32()).isPositive();
    assertThat(measured.bfloat16()).isPositive();
    assertThat(CpuDtype.of("this machine", 64, 1, cache)).isEqualTo(measured);

    cache.write("this machine", "1.0 2.0");
    assertThat(CpuDtype.of("this machine", 64, 1, cache)).isEqualTo(new CpuDtype(1, 2));
    assertThat(CpuDtype.of("another machine", 64, 1, cache)).isNotEqualTo(new CpuDtype(1, 2));
  }

  @Test
  void whatIsNotReadableIsMeasuredAnew() {
    UserCache cache = UserCache.in(folder);
    for (String broken : new String[] {"", "1.0", "-1.0 2.0", "NaN 2.0", "1.0 2.0 3.0"}) {
      cache.write("m", broken);
      assertThat(CpuDtype.of("m", 64, 1, cache).float32()).as(broken).isGreaterThan(0);
      assertThat(cache.read("m")).as(broken).isNotEqualTo(Optional.of(broken));
    }
  }
}
