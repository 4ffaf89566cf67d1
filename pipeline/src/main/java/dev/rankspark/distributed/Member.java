package dev.rankspark.distributed;

import java.util.Locale;

/**
 * One member of a process group, and where it meets the others.
 *
 * @param rank from 0; rank 0 holds the store
 * @param size how many members there are
 * @param ownHost a name or address of this member's machine by which the others reach it
 * @param storeHost rank 0's own host
 * @param storePort where rank 0's store listens
 */
record Member(int rank, int size, String ownHost, String storeHost, int storePort) {
  public Member {
    if (size < 1 || rank < 0 || rank >= size) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "rank must be from 0 to size - 1, got %d of size %d", rank, size));
    }
    if (storePort < 0 || storePort > 0xffff) {
      throw new IllegalArgumentException("port must be from 0 to 65535, got " + storePort);
    }
  }

  /** The only member of its group: it meets nobody. */
  public static Member alone() {
    return new Member(0, 1, "localhost", "localhost", 0);
  }
}
