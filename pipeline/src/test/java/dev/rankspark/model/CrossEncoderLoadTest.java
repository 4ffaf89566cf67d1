package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.progress.ByteCount;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.apache.commons.io.FileUtils;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CrossEncoderLoadTest {
  private static final Path REFERENCE = Path.of(System.getProperty("rankspark.home"), "reference");

  @TempDir private Path folder;

  @Test
  void aWidthThatTheWeightsContradictTakesNoMemory() throws IOException {
    FileUtils.copyDirectory(REFERENCE.resolve("backbone").toFile(), folder.toFile());
    RerankerCheckpoint checkpoint =
        RerankerCheckpoint.open(
            folder.toString(), Optional.empty(), Optional.empty(), new Configuration(false));
    ObjectNode json = (ObjectNode) new ObjectMapper().readTree(checkpoint.config().toString());
    DecoderConfig config =
        DecoderConfig.parse(json.put("head_dim", 2_147_483_646), "config.json", 196);
    Hardware hardware = Hardware.detect("cpu", Dtype.FLOAT32);
    assertThatThrownBy(
            () ->
                CrossEncoder.load(
                    checkpoint.bind(Architecture.of(config).weightShapes()),
                    config,
                    hardware,
                    hardware.device(Optional.empty()),
                    196,
                    1,
                    ByteCount.NONE))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("expected shape [6442450938, 24] by ");
  }
}
