package dev.rankspark.distributed;

import dev.rankspark.DeviceException;
import java.io.IOException;
import java.time.Duration;

/**
 * Rank 0's store, where the members leave their addresses. It is open before any of them is told
 * its port, so no other process can take the port in between.
 */
final class StoreServer implements AutoCloseable {
  private long handle;

  private StoreServer(long handle) {
    this.handle = handle;
  }

  /**
   * Opens a store on this machine.
   *
   * @param port 0 for a free one
   * @throws DeviceException if the port is taken, or the library does not load here
   */
  static StoreServer open(String host, int port, Duration timeout) {
    ProcessGroupLibrary.load();
    try {
      return new StoreServer(C10d.openStore(host, port, timeout.toMillis()));
    } catch (IOException e) {
      throw new DeviceException(
          "the workers cannot meet at "
              + host
              + (port == 0 ? "" : ":" + port)
              + ": "
              + NativeMessage.shortened(e),
          e);
    }
  }

  int port() {
    return C10d.storePort(handle);
  }

  @Override
  public void close() {
    if (handle != 0) {
      C10d.closeStore(handle);
      handle = 0;
    }
  }
}
