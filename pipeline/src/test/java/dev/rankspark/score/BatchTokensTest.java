package dev.rankspark.score;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.model.DecoderConfig;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import org.junit.jupiter.api.Test;

class BatchTokensTest {
  @Test
  void anActivationOfTheMlpStaysInACpusCache() {
    assertThat(BatchTokens.byShape(mlp(2_048), cpu(Dtype.FLOAT32))).isEqualTo(2_048);
    assertThat(BatchTokens.byShape(mlp(4_096), cpu(Dtype.FLOAT32))).isEqualTo(1_024);
    assertThat(BatchTokens.byShape(mlp(4_096), cpu(Dtype.BFLOAT16))).isEqualTo(2_048);
    assertThat(BatchTokens.byShape(mlp(11_008), cpu(Dtype.FLOAT32))).isEqualTo(512);
    assertThat(BatchTokens.byShape(mlp(11_008), cpu(Dtype.BFLOAT16))).isEqualTo(1_024);
  }

  @Test
  void neitherTinyNorHugeModelsLeaveTheRangeThatWasMeasured() {
    assertThat(BatchTokens.byShape(mlp(80), cpu(Dtype.FLOAT32))).isEqualTo(2_048);
    assertThat(BatchTokens.byShape(mlp(28_672), cpu(Dtype.FLOAT32))).isEqualTo(512);
  }

  @Test
  void aGpuGetsMore() {
    Hardware gpu = new Hardware(true, 0, Dtype.BFLOAT16, Dtype.BFLOAT16, "");
    assertThat(BatchTokens.byShape(mlp(11_008), gpu)).isEqualTo(32_768);
  }

  private static DecoderConfig mlp(int intermediate) {
    ObjectNode config =
        new JsonMapper()
            .createObjectNode()
            .put("model_type", "llama")
            .put("vocab_size", 100)
            .put("hidden_size", 64)
            .put("intermediate_size", intermediate)
            .put("num_hidden_layers", 2)
            .put("num_attention_heads", 4);
    return DecoderConfig.parse(config, "config.json", 196);
  }

  private static Hardware cpu(Dtype compute) {
    return new Hardware(false, Hardware.ANY, compute, compute, "");
  }
}
