package dev.rankspark.distributed;

import java.util.function.Supplier;

/** Workers that can tell each other a word before they are a {@link ProcessGroup}. */
public interface Meeting {
  /** This worker's number, from 0. */
  int rank();

  /** How many workers there are. */
  int size();

  /** A name or address of this worker's machine by which the others reach it. */
  String ownHost();

  /**
   * What every worker says, by rank. Each calls it, from its own thread; one that cannot say its
   * word stops all.
   *
   * @param own gives this worker's word
   * @throws dev.rankspark.InputException if {@code own} does; likewise a {@link
   *     dev.rankspark.DeviceException}
   * @throws StoppedByOtherException if another worker's does
   */
  String[] exchange(Supplier<String> own);
}
