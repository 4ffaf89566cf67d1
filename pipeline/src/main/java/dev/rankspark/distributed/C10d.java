package dev.rankspark.distributed;

import java.io.IOException;

/**
 * The functions of {@code process_group.cpp}. A handle is 0 or what the library gave, and is closed
 * once. Every C++ exception is an {@link IOException} with its message, except for an argument that
 * cannot be right, an {@link IllegalArgumentException}, after which all is as before.
 */
final class C10d {
  private C10d() {}

  /**
   * Opens a store that the members meet at.
   *
   * @param port 0 for a free one
   */
  static native long openStore(String host, int port, long timeoutMillis) throws IOException;

  static native int storePort(long store);

  static native void closeStore(long store);

  /** Waits until all members are there and connects to each. */
  static native long create(
      String storeHost,
      int storePort,
      String ownHost,
      int rank,
      int size,
      long timeoutMillis,
      String backend)
      throws IOException;

  /**
   * Sums a contiguous float32 tensor over the members, in place. After an exception the group is
   * good for {@link #close} alone: its connections are closed.
   *
   * @param tensor the {@code at::Tensor*} behind a {@code PtNDArray}
   * @param bucket how many elements travel as one
   */
  static native void allReduce(long group, long tensor, long bucket) throws IOException;

  static native void close(long group) throws IOException;
}
