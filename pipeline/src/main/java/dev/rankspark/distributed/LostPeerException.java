package dev.rankspark.distributed;

import java.util.Locale;

/**
 * A member of the process group is gone, or did not answer in time; the sum under way is lost, and
 * so is the group. Whoever gets it has left the group already, so that the others get theirs.
 */
public final class LostPeerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int rank;
  private final double seconds;

  LostPeerException(Member member, double seconds, String what, Throwable cause) {
    super(
        String.format(
            Locale.ROOT,
            "worker %d of %d (%s) lost another after waiting %.1f s: %s",
            member.rank(),
            member.size(),
            member.ownHost(),
            seconds,
            what),
        cause);
    this.rank = member.rank();
    this.seconds = seconds;
  }

  /** The member that noticed, not the one that is lost. */
  public int rank() {
    return rank;
  }

  /** How long it had waited. */
  public double seconds() {
    return seconds;
  }
}
