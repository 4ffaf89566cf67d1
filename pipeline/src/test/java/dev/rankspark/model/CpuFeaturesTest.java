package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.files.Platform;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CpuFeaturesTest {
  private static final String XEON =
      "vendor_id : GenuineIntel\nflags : fpu avx2 avx512f avx512dq avx512bw avx512vl avx512_vnni"
          + " avx_vnni avx512_bf16 amx_bf16 amx_tile amx_int8\n";
  private static final String XEON_WITHOUT_AMX = XEON.replaceAll(" amx_\\w+", "");
  private static final String EPYC =
      XEON_WITHOUT_AMX.replace("GenuineIntel", "AuthenticAMD").replace(" avx_vnni", "");

  @ParameterizedTest
  @CsvSource({
    "'', amx_bf16 avx512_bf16 avx512_vnni avx512f avx2",
    "DEFAULT, amx_bf16 avx512_bf16 avx512_vnni avx512f avx2",
    "AVX10_1_512_AMX, amx_bf16 avx512_bf16 avx512_vnni avx512f avx2",
    "AVX10_1_512, avx512_bf16 avx512_vnni avx512f avx2",
    "AVX512_CORE_BF16, avx512_bf16 avx512_vnni avx512f avx2",
    "AVX512_CORE_VNNI, avx512_vnni avx512f avx2",
    "AVX512_CORE, avx512f avx2",
    "AVX2, avx2",
  })
  void aCapTakesAwayWhatIsAboveIt(String cap, String left) {
    CpuFeatures features = new CpuFeatures(XEON, cap);

    assertThat("amx_bf16 avx512_bf16 avx512_vnni avx512f avx2".split(" "))
        .filteredOn(features::have)
        .containsExactly(left.split(" "));
    assertThat(features.haveAvx512()).isEqualTo(left.contains("avx512f"));
  }

  @ParameterizedTest
  @CsvSource({
    "Xeon, '', true",
    "Xeon, AVX512_CORE_BF16, false",
    "Xeon without AMX, '', false",
    "EPYC, '', true",
    "EPYC, AVX512_CORE, false",
    "nothing, '', false",
  })
  void bfloat16IsMultipliedWhereThatIsFaster(String cpu, String cap, boolean expected) {
    String cpuinfo =
        switch (cpu) {
          case "Xeon" -> XEON;
          case "Xeon without AMX" -> XEON_WITHOUT_AMX;
          case "EPYC" -> EPYC;
          default -> "";
        };

    assertThat(new CpuFeatures(cpuinfo, cap).multiplyBfloat16()).isEqualTo(expected);
  }

  @Test
  void anEmulatedProcessorHasNoneOfTheMachinesBelow() {
    Platform emulated = new Platform("linux-aarch64");

    assertThat(new CpuFeatures(CpuFeatures.flagsOf(emulated, XEON), "").have("avx512f")).isFalse();
    assertThat(CpuFeatures.flagsOf(new Platform("linux-x86_64"), XEON)).isEqualTo(XEON);
  }
}
