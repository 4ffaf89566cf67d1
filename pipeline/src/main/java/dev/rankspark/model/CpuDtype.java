package dev.rankspark.model;

import dev.rankspark.files.UserCache;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The dtype that a CPU computes a model in if none is asked for: measured, not read off its flags,
 * since an instruction may be there and slow. What was measured is remembered for the CPU, the
 * engine, the threads and the model's width, so that the same command gives the same bytes.
 *
 * @param float32 1e9 floating-point operations a second of products in float32
 * @param bfloat16 likewise in bfloat16
 */
record CpuDtype(double float32, double bfloat16) {
  /** bfloat16 rounds: what it gains must be worth it. */
  private static final double WORTH = 1.1;

  /** Another number whenever the way of measuring is another. */
  private static final int VERSION = 1;

  private static final Pattern FIGURES = Pattern.compile("(\\d+\\.\\d+) (\\d+\\.\\d+)");

  private static final Map<Asked, Choice> CHOSEN = new HashMap<>();

  /**
   * A dtype and why.
   *
   * @param why for people, behind the dtype's name
   */
  record Choice(Dtype dtype, String why) {}

  private record Asked(DecoderConfig config, int threads) {}

  /**
   * The best for a model on this CPU.
   *
   * @param threads libtorch's threads
   */
  static Choice best(DecoderConfig config, int threads) {
    return best(config, threads, UserCache.ofUser("dtype"), MemoryLeft.here()::bytes);
  }

  /**
   * Likewise. Decided once in a process: the model takes memory, and what is computed after it was
   * loaded must be in its dtype. One at a time: tasks that measured side by side would measure each
   * other.
   */
  static synchronized Choice best(
      DecoderConfig config, int threads, UserCache cache, Supplier<OptionalLong> memory) {
    return CHOSEN.computeIfAbsent(
        new Asked(config, threads),
        asked ->
            of(machine(config.hidden(), threads), config.hidden(), threads, cache)
                .choose(Float.BYTES * Architecture.of(config).elements(), memory.get()));
  }

  /**
   * Decides.
   *
   * @param weights bytes of the model's weights in float32
   * @param memory bytes that may be taken, if that is known
   */
  Choice choose(long weights, OptionalLong memory) {
    String figures =
        String.format(
            Locale.ROOT,
            "products of its width: float32 %.0f, bfloat16 %.0f GFLOP/s",
            float32,
            bfloat16);
    if (bfloat16 > WORTH * float32) {
      return new Choice(Dtype.BFLOAT16, figures);
    }
    if (memory.isPresent() && weights > memory.getAsLong()) {
      return new Choice(
          Dtype.BFLOAT16,
          String.format(
              Locale.ROOT,
              "its weights take %.1f GB in float32, and %.1f GB of memory are left; %s",
              weights / 1e9,
              memory.getAsLong() / 1e9,
              figures));
    }
    return new Choice(Dtype.FLOAT32, figures);
  }

  /** What a measurement holds for. */
  static String machine(int width, int threads) {
    return String.format(
        Locale.ROOT,
        "version %d\nlibtorch %s\nfloat32 by AMX %b\nthreads %d\nwidth %d\n%s",
        VERSION,
        Torch.engine().getVersion(),
        CpuOperators.splitFloat32(),
        threads,
        width,
        CpuFeatures.here().identity());
  }

  /** What is remembered under a key; else measured, and remembered. */
  static CpuDtype of(String key, int width, int threads, UserCache cache) {
    Optional<CpuDtype> remembered = cache.read(key).flatMap(CpuDtype::parse);
    if (remembered.isPresent()) {
      return remembered.get();
    }
    double[] gflops = GemmSpeed.asScored(width, threads, List.of(Dtype.FLOAT32, Dtype.BFLOAT16));
    CpuDtype measured = new CpuDtype(gflops[0], gflops[1]);
    cache.write(key, measured.float32 + " " + measured.bfloat16);
    return measured;
  }

  private static Optional<CpuDtype> parse(String text) {
    Matcher matcher = FIGURES.matcher(text);
    return matcher.matches()
        ? Optional.of(
            new CpuDtype(
                Double.parseDouble(matcher.group(1)), Double.parseDouble(matcher.group(2))))
        : Optional.empty();
  }
}
