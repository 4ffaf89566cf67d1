package dev.rankspark.store;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.List;

/**
 * What a run is about to do, written before it scores: the same command after a killed driver does
 * the same, for another batching would move the last bits of scores. It is deleted when the run's
 * outputs are published.
 *
 * @param layout {@link StoreLayout#VERSION} of the version that wrote it
 * @param id its name without {@code .json}
 * @param work what is done
 * @param snapshot ids of the commits whose scores it takes
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record RunPlan(int layout, String id, Work work, List<String> snapshot) {
  private static final JsonMapper JSON = new JsonMapper();

  public RunPlan {
    snapshot = List.copyOf(snapshot);
  }

  /**
   * What a run does.
   *
   * @param output the full address of its first output, by which the same command is known
   * @param pairs how many the input has
   * @param digest of all pairs: their order, ids and texts
   * @param missing those to score
   * @param tasks that they are spread over
   * @param batchRows the most texts of a batch
   * @param batchTokens the most tokens of a batch
   */
  @JsonIgnoreProperties(ignoreUnknown = true)
  public record Work(
      String output,
      long pairs,
      String digest,
      long missing,
      int tasks,
      int batchRows,
      int batchTokens) {}

  byte[] json() {
    try {
      return JSON.writeValueAsBytes(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e); // of plain values
    }
  }

  static RunPlan read(byte[] json) throws IOException {
    return JSON.readValue(json, RunPlan.class);
  }
}
