package dev.rankspark.model;

import dev.rankspark.files.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The instructions that a process may compute with: those that the CPU has, up to the cap that is
 * set for oneDNN (its developer guide, "CPU Dispatcher Control"), so that a capped machine chooses
 * as one that has no more.
 *
 * @param cpuinfo what Linux says of the CPU, {@code /proc/cpuinfo}; empty elsewhere
 * @param cap the value of {@code ONEDNN_MAX_CPU_ISA}, empty if it is not set
 */
record CpuFeatures(String cpuinfo, String cap) {
  /** Of {@code /proc/cpuinfo} what is not a clock's or a core's: x86's names, then ARM's. */
  private static final Pattern IDENTITY =
      Pattern.compile(
          "(vendor_id|cpu family|model|model name|stepping|flags|Features|CPU \\w+)\\s*:");

  private static final CpuFeatures HERE = new CpuFeatures(readCpuinfo(), readCap());

  /** Those of this process. */
  static CpuFeatures here() {
    return HERE;
  }

  /** Whether there is one of these features, by their names in Linux. */
  boolean have(String... anyOf) {
    return Arrays.stream(anyOf)
        .anyMatch(feature -> isAllowed(feature) && cpuinfo.contains(" " + feature));
  }

  /** The parts of AVX512 that every CPU with it has since Intel's Skylake and AMD's Zen 4. */
  boolean haveAvx512() {
    return Stream.of("avx512f", "avx512bw", "avx512vl", "avx512dq").allMatch(this::have);
  }

  /**
   * Whether products of bfloat16 are faster than those of float32, of the same numbers. By AMX they
   * are, and by AVX512-BF16 on AMD's CPUs (2.3 times). On Intel's, AVX512-BF16 has half the speed
   * of float32 (230 and 400 GFLOP/s on a Xeon without its AMX), and without either oneDNN takes
   * bfloat16 apart first (77).
   */
  boolean multiplyBfloat16() {
    return have("amx_bf16") || (have("avx512_bf16") && !cpuinfo.contains("GenuineIntel"));
  }

  /** The same on machines that compute alike: what Linux says of one of the CPUs, and the cap. */
  String identity() {
    return cpuinfo
            .lines()
            .takeWhile(line -> !line.isBlank())
            .filter(line -> IDENTITY.matcher(line).lookingAt())
            .collect(Collectors.joining("\n"))
        + "\ncap "
        + cap;
  }

  private boolean isAllowed(String feature) {
    if (cap.isEmpty() || cap.equals("DEFAULT") || cap.equals("ALL") || cap.contains("AMX")) {
      return true;
    }
    boolean avx10 = cap.startsWith("AVX10");
    return switch (feature) {
      case "amx_bf16", "amx_int8" -> false;
      case "avx512_bf16" -> avx10 || cap.endsWith("BF16") || cap.endsWith("FP16");
      case "avx512_vnni" -> avx10 || (cap.startsWith("AVX512") && !cap.equals("AVX512_CORE"));
      case "avx_vnni" -> avx10 || cap.startsWith("AVX2_VNNI") || cap.startsWith("AVX512");
      default -> avx10 || cap.startsWith("AVX512") || !feature.startsWith("avx512");
    };
  }

  private static String readCap() {
    return Optional.ofNullable(System.getenv("ONEDNN_MAX_CPU_ISA"))
        .or(() -> Optional.ofNullable(System.getenv("DNNL_MAX_CPU_ISA")))
        .orElse("")
        .toUpperCase(Locale.ROOT);
  }

  /** An emulator of another processor shows the file of the machine that it runs on. */
  static String flagsOf(Platform platform, String cpuinfo) {
    return platform.isX86() ? cpuinfo : cpuinfo.replaceAll("(?m)^flags\\s*:.*\\R?", "");
  }

  private static String readCpuinfo() {
    try {
      return flagsOf(Platform.here(), Files.readString(Path.of("/proc/cpuinfo")));
    } catch (IOException e) {
      return ""; // no Linux: float32 by libtorch's products is right everywhere
    }
  }
}
