package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.checkpoint.Weight;
import dev.rankspark.cuda.CudaMemory;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;

class DeviceMemoryTest {
  private static final Path REFERENCE = Path.of(System.getProperty("rankspark.home"), "reference");

  @Test
  void aModelThatCannotFitIsSaidWithItsNumbers() {
    CudaMemory memory = new CudaMemory(9_990_000_000L, 12_000_000_000L);

    assertThatCode(() -> DeviceMemory.check(9_990_000_000L, memory, "gpu(0)"))
        .doesNotThrowAnyException();
    assertThatThrownBy(() -> DeviceMemory.check(13_476_839_424L, memory, "gpu(0)"))
        .isInstanceOf(DeviceMemoryException.class)
        .hasMessage("its weights take 13.48 GB, gpu(0) has 9.99 GB free of 12.00 GB");
  }

  @Test
  void weightsTakeWhatTheirHeadersSayInTheDtypeOfTheJob() throws Exception {
    RerankerCheckpoint checkpoint =
        RerankerCheckpoint.open(
            REFERENCE.resolve("backbone").toString(),
            Optional.empty(),
            Optional.empty(),
            new Configuration(false));
    DecoderConfig config =
        DecoderConfig.parse(
            new ObjectMapper().readTree(checkpoint.config().toString()), "config.json", 196);
    Collection<Weight> weights = checkpoint.bind(Architecture.of(config).weightShapes()).values();
    long elements = 0;
    for (Weight weight : weights) {
      elements += weight.stored().elements();
    }

    assertThat(DeviceMemory.bytes(weights, Dtype.FLOAT32)).isEqualTo(4 * elements).isPositive();
    assertThat(DeviceMemory.bytes(weights, Dtype.BFLOAT16)).isEqualTo(2 * elements);
    assertThat(DeviceMemory.bytes(weights, Dtype.FLOAT16)).isEqualTo(2 * elements);
  }
}
