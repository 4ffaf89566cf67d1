package dev.rankspark.run;

import java.util.HashMap;
import java.util.Map;

/**
 * Whether a run of three columns counts ranks in the third, as MS MARCO's do: in every query the
 * whole numbers 1 to n, in whatever order its lines stand, with n above 1 somewhere.
 */
public final class RankColumn {
  private final Map<String, Ranks> byQuery = new HashMap<>();
  private boolean canBe = true;

  /** Takes the next line. */
  public void see(RunLine line) {
    long rank = line.rank();
    if (canBe && rank > 0) {
      byQuery.merge(line.qid(), Ranks.NONE.with(rank), Ranks::with);
    } else {
      canBe = false; // one is enough; most runs end it with their first line
      byQuery.clear();
    }
  }

  /** Of the lines so far. */
  public boolean countsRanks() {
    return canBe
        && byQuery.values().stream().allMatch(Ranks::areOneToN)
        && byQuery.values().stream().anyMatch(ranks -> ranks.size() > 1);
  }
}
