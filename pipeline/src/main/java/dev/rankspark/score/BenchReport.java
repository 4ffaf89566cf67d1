package dev.rankspark.score;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.progress.Figures;
import java.util.List;
import java.util.Locale;

/**
 * What {@link Bench} measured. Its JSON is flat, in the order of the components.
 *
 * @param notes what was taken without being asked for, or asked for and not had, one line each
 */
public record BenchReport(
    @JsonUnwrapped Setting setting,
    @JsonUnwrapped Speed speed,
    @JsonUnwrapped Work work,
    @JsonUnwrapped Limit limit,
    @JsonProperty("notes") List<String> notes) {

  /**
   * What was measured.
   *
   * @param hardware what it was computed on and in
   * @param dtype of the arithmetic
   * @param threads libtorch's threads
   * @param rounds measured, the one to warm up aside
   * @param batchTokens the most tokens that a batch could have: what was asked for or decided,
   *     raised to the longest pair, or what that became where the device's memory was full
   */
  public record Setting(
      @JsonProperty("hardware") String hardware,
      @JsonProperty("dtype") String dtype,
      @JsonProperty("threads") int threads,
      @JsonProperty("rounds") int rounds,
      @JsonProperty("max_batch_tokens") int batchTokens) {}

  /**
   * How fast it was.
   *
   * @param pairs scored in a round
   * @param tokens of the pairs
   * @param seconds of the median round
   * @param fastestSeconds of the fastest round
   * @param pairsPerSecond by the median round
   * @param tokensPerSecond real tokens, by the median round
   */
  public record Speed(
      @JsonProperty("pairs") int pairs,
      @JsonProperty("tokens") long tokens,
      @JsonProperty("seconds") double seconds,
      @JsonProperty("fastest_seconds") double fastestSeconds,
      @JsonProperty("pairs_per_second") double pairsPerSecond,
      @JsonProperty("tokens_per_second") double tokensPerSecond) {}

  /**
   * What was done, in the median round.
   *
   * @param tokensPerRealToken tokens that went through the model by tokens of the pairs
   * @param paddedTokens computed only to fill a batch up to whole steps of rows
   * @param sharedTokens not computed, as another pair of the batch begins with them or is equal
   * @param tokenizeShare of the time
   * @param planShare of the time
   */
  public record Work(
      @JsonProperty("tokens_per_real_token") double tokensPerRealToken,
      @JsonProperty("padded_tokens") long paddedTokens,
      @JsonProperty("shared_tokens") long sharedTokens,
      @JsonProperty("tokenize_share") double tokenizeShare,
      @JsonProperty("plan_share") double planShare) {}

  /**
   * How close that is to what the device can do.
   *
   * @param gemmGflops 1e9 floating-point operations a second of matrix products of the model's own
   *     shapes and nothing else, by the fastest that the engine has, {@link
   *     dev.rankspark.model.GemmSpeed}
   * @param fractionOfGemmLimit the time in which such products would do two operations for every
   *     parameter of the layers and every real token, by the time of the median round; above 1
   *     where sharing and leaving out save more than everything else costs
   */
  public record Limit(
      @JsonProperty("gemm_gflops") double gemmGflops,
      @JsonProperty("fraction_of_gemm_limit") double fractionOfGemmLimit) {}

  private static final JsonMapper JSON = new JsonMapper();

  /** One line for programs. */
  public String json() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e); // numbers and texts
    }
  }

  /** A few lines for people, with units. */
  public String summary() {
    return String.format(
        Locale.ROOT,
        "%,d pairs of %,d tokens on %s, %d threads, median of %d rounds: %.2f s%n"
            + "%s pairs/s, %s tokens/s; %.3f tokens computed per token (%,d shared, %,d"
            + " padding), at most %,d a batch%n"
            + "tokenizing %.1f %%, planning %.1f %% of the time; %.2f of the limit of %.0f GFLOP/s"
            + " of matrix products",
        speed.pairs,
        speed.tokens,
        setting.hardware,
        setting.threads,
        setting.rounds,
        speed.seconds,
        Figures.measuredRate(speed.pairsPerSecond),
        Figures.measuredRate(speed.tokensPerSecond),
        work.tokensPerRealToken,
        work.sharedTokens,
        work.paddedTokens,
        setting.batchTokens,
        100 * work.tokenizeShare,
        100 * work.planShare,
        limit.fractionOfGemmLimit,
        limit.gemmGflops);
  }
}
