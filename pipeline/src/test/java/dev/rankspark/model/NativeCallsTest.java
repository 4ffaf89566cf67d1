package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class NativeCallsTest {
  private static final Duration SHORT = Duration.ofMillis(50);

  private final NativeCalls calls = new NativeCalls();

  private Thread calling(Runnable body) {
    Thread thread =
        new Thread(
            () ->
                calls.call(
                    () -> {
                      body.run();
                      return true;
                    }));
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(1, TimeUnit.MINUTES)).isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void theEndWaitsForCallsThatRun() {
    CountDownLatch begun = new CountDownLatch(2);
    CountDownLatch last = new CountDownLatch(1);
    for (int i = 0; i < 2; i++) { // calls do not wait for each other
      calling(
          () -> {
            begun.countDown();
            await(last);
          });
    }
    await(begun);
    assertThat(calls.end(SHORT)).isFalse();
    last.countDown();
    assertThat(calls.end(Duration.ofMinutes(1))).isTrue();
  }

  /** A process that exits while another of its threads is in a call. */
  static final class Exiting {
    private Exiting() {}

    public static void main(String[] args) throws InterruptedException {
      CountDownLatch begun = new CountDownLatch(1);
      Thread call =
          new Thread(
              () ->
                  NativeCalls.OF_PROCESS.call(
                      () -> {
                        begun.countDown();
                        LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
                        System.out.print("the call has returned");
                        return true;
                      }));
      call.setDaemon(true);
      call.start();
      begun.await();
      System.exit(7);
    }
  }

  @Test
  void aProcessThatExitsLetsThemReturn() throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Exiting.class.getName())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isEqualTo(7);
    assertThat(said).endsWith("the call has returned");
  }

  @Test
  void afterTheEndNoCallBegins() throws InterruptedException {
    assertThat(calls.end(SHORT)).isTrue();
    AtomicBoolean hasRun = new AtomicBoolean();
    Thread late = calling(() -> hasRun.set(true));
    late.join(200);
    assertThat(late.isAlive()).isTrue();
    assertThat(hasRun).isFalse();
  }

  @Test
  void anEndThatWasTooEarlyLetsCallsGoOn() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch last = new CountDownLatch(1);
    calling(
        () -> {
          begun.countDown();
          await(last);
        });
    await(begun);
    assertThat(calls.end(SHORT)).isFalse();
    Thread next = calling(() -> {});
    next.join(60_000);
    assertThat(next.isAlive()).isFalse();
    last.countDown();
  }
}
