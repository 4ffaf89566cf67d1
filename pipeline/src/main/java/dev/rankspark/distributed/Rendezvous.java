package dev.rankspark.distributed;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** How workers that can tell each other a word become a {@link ProcessGroup}. */
public final class Rendezvous {
  private Rendezvous() {}

  /**
   * Joins the group of all workers. Each calls it once, from its own thread. Whether the library
   * loads everywhere is seen before anybody waits for the others.
   *
   * @param timeout as of {@link ProcessGroup#join(Member, Backend, Duration)}
   */
  public static ProcessGroup join(Meeting meeting, Backend backend, Duration timeout) {
    if (meeting.size() == 1) {
      return ProcessGroup.alone();
    }
    String ownHost = meeting.ownHost();
    AtomicReference<StoreServer> store = new AtomicReference<>();
    String[] words;
    try {
      words =
          meeting.exchange(
              () -> {
                ProcessGroupLibrary.load();
                if (meeting.rank() != 0) {
                  return ownHost;
                }
                store.set(StoreServer.open(ownHost, 0, timeout));
                return ownHost + " " + store.get().port();
              });
    } catch (RuntimeException e) {
      if (store.get() != null) {
        store.get().close();
      }
      throw e;
    }
    String[] address = words[0].split(" ", 2);
    return ProcessGroup.join(
        new Member(
            meeting.rank(), meeting.size(), ownHost, address[0], Integer.parseInt(address[1])),
        Optional.ofNullable(store.get()),
        backend,
        timeout);
  }
}
