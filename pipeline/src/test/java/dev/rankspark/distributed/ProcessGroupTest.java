package dev.rankspark.distributed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.rankspark.DeviceException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Process groups of JVMs of their own, and of threads of this one. */
@Timeout(300)
class ProcessGroupTest {
  /** Nobody waits so long where a lost member is noticed. */
  private static final Duration GENEROUS = Duration.ofMinutes(10);

  /** Several buckets, the last of them short. */
  private static final int MILLIONS = 9_000_001;

  private static final String HOST = "127.0.0.1";

  @TempDir Path folder;
  private StoreServer store;
  private List<RankProcess> processes = List.of();

  @BeforeEach
  void openStore() {
    store = StoreServer.open(HOST, 0, GENEROUS);
  }

  @AfterEach
  void end() {
    processes.forEach(RankProcess::close);
    store.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4})
  void processesSumExactly(int size) {
    float[] expected = new float[MILLIONS];
    for (int i = 0; i < MILLIONS; i++) {
      expected[i] = (size * (size + 1) / 2) * (i % 1009 - 504); // 1 + 2 + ... + size times each
    }

    List<String> sums = sums(size, RankProcess.WHOLE_NUMBERS, MILLIONS);

    assertThat(sums).hasSize(size).containsOnly("sum " + RankProcess.hash(expected));
  }

  /** Float32 addition is not associative: this is about its order. */
  @Test
  void sumsAreBitEqualOnAllRanksAndFromRunToRun() {
    List<String> first = sums(3, RankProcess.RANDOM_NUMBERS, 5_000_000);
    store.close();
    store = StoreServer.open(HOST, 0, GENEROUS);
    List<String> second = sums(3, RankProcess.RANDOM_NUMBERS, 5_000_000);

    assertThat(first).hasSize(3).containsOnly(first.get(0));
    assertThat(second).isEqualTo(first);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2})
  void aKilledMemberIsAnExceptionOnEveryOther(int killed) {
    start(4, RankProcess.ENDLESS, MILLIONS, GENEROUS);
    processes.get(killed).awaitLine("round 3");

    processes.get(killed).close();

    for (int rank = 0; rank < 4; rank++) {
      if (rank != killed) {
        assertLost(rank);
      }
    }
  }

  @Test
  void aMemberThatStandsStillIsAnExceptionOnEveryOtherAfterTheTimeout() throws Exception {
    start(4, RankProcess.ENDLESS, MILLIONS, Duration.ofSeconds(10));
    processes.get(1).awaitLine("round 2");

    processes.get(1).signal("STOP");

    for (int rank : List.of(0, 2, 3)) {
      assertLost(rank);
    }
  }

  /** As when an executor's task fails elsewhere: its connections tell the others. */
  @Test
  void aMemberThatLeavesIsAnExceptionOnTheOther() throws Exception {
    Future<LostPeerException> noticed;
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
      noticed =
          threads.submit(
              () -> {
                try (ProcessGroup group = member(0, 2)) {
                  NDArray array = manager.ones(new Shape(3));
                  LostPeerException lost = lost(() -> group.allReduceSum(array));
                  assertThatThrownBy(() -> group.allReduceSum(array))
                      .isInstanceOf(IllegalStateException.class)
                      .hasMessage("the process group is closed");
                  return lost;
                }
              });
      threads.submit(() -> member(1, 2).close()).get();

      assertThat(noticed.get()).hasMessageMatching("worker 0 of 2 \\(127.0.0.1\\) lost .*");
      assertThat(noticed.get().rank()).isZero();
      assertThat(noticed.get().seconds()).isLessThan((double) GENEROUS.toSeconds());
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void aMemberThatNeverComesIsAnExceptionAfterTheTimeout() {
    Member first = new Member(0, 2, HOST, HOST, store.port());

    assertThatThrownBy(
            () -> ProcessGroup.join(first, Optional.empty(), Backend.GLOO, Duration.ofMillis(500)))
        .isInstanceOf(LostPeerException.class)
        .hasMessageMatching(
            "worker 0 of 2 \\(127.0.0.1\\) lost another after waiting \\S+ s: no answer in that time");
  }

  /** As Spark's local mode runs them; two groups at once do not mix. */
  @Test
  void threadsOfOneJvmAreMembersOfTwoGroups() throws Exception {
    try (StoreServer other = StoreServer.open(HOST, 0, GENEROUS)) {
      List<Callable<Float>> members = new ArrayList<>();
      for (int rank = 0; rank < 2; rank++) {
        members.add(sumOf(new Member(rank, 2, HOST, HOST, store.port()), 1 + rank));
        members.add(sumOf(new Member(rank, 2, HOST, HOST, other.port()), 100 + rank));
      }

      assertThat(inThreads(members)).containsExactly(3f, 201f, 3f, 201f);
    }
  }

  @Test
  void rankZeroOpensTheStoreAtItsPort() throws Exception {
    int port = store.port();
    store.close();
    List<Callable<Float>> members = new ArrayList<>();
    for (int rank = 0; rank < 2; rank++) {
      Member member = new Member(rank, 2, HOST, HOST, port);
      float value = 5 + rank;
      members.add(() -> sum(ProcessGroup.join(member, GENEROUS), value));
    }

    assertThat(inThreads(members)).containsExactly(11f, 11f);
  }

  @Test
  void aGroupOfOneSumsNothingAndLoadsNothing() {
    start(1, RankProcess.WHOLE_NUMBERS, 1_000, GENEROUS);

    assertThat(processes.get(0).awaitLines())
        .containsExactly(
            "sum " + RankProcess.hash(RankProcess.wholeNumbers(0, 1_000)), "libraries of ours: 0");
  }

  @Test
  void onlyFloat32IsSummed() {
    try (NDManager manager = NDManager.newBaseManager("PyTorch");
        ProcessGroup group = ProcessGroup.join(Member.alone(), GENEROUS)) {
      NDArray counts = manager.ones(new Shape(3), DataType.INT64);

      assertThatThrownBy(() -> group.allReduceSum(counts))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("expected a float32 array, got int64");
    }
  }

  /** The group is as good as before. */
  @Test
  void anArrayWithGapsIsRefused() throws Exception {
    List<Callable<Float>> members = new ArrayList<>();
    for (int rank = 0; rank < 2; rank++) {
      int own = rank;
      members.add(
          () -> {
            try (ProcessGroup group = member(own, 2);
                NDManager manager = NDManager.newBaseManager("PyTorch")) {
              NDArray array = manager.ones(new Shape(2, 3));
              assertThatThrownBy(() -> group.allReduceSum(array.transpose()))
                  .isInstanceOf(IllegalArgumentException.class)
                  .hasMessage("the array is a view with gaps; it must be contiguous");
              group.allReduceSum(array);
              return array.getFloat(1, 2);
            }
          });
    }

    assertThat(inThreads(members)).containsExactly(2f, 2f);
  }

  @Test
  void anAddressOfAnotherMachineIsRefused() {
    // 192.0.2.0/24 is kept for documentation: nobody has it
    Member elsewhere = new Member(0, 2, "192.0.2.1", HOST, store.port());

    assertThatThrownBy(() -> ProcessGroup.join(elsewhere, Optional.empty(), Backend.GLOO, GENEROUS))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "worker 0 of 2: this machine has no address 192.0.2.1 (set SPARK_LOCAL_IP on it to one"
                + " by which the other machines reach it)");
  }

  @Test
  void ncclNeedsALibraryOfOnesOwn() {
    Member member = new Member(0, 2, HOST, HOST, store.port());

    assertThatThrownBy(() -> ProcessGroup.join(member, Optional.empty(), Backend.NCCL, GENEROUS))
        .isInstanceOf(DeviceException.class)
        .hasMessage(
            "worker 0 of 2: librankspark_distributed.so is built without NCCL (build one by"
                + " pipeline/src/main/native/build.sh --nccl FILE and name it by"
                + " RANKSPARK_DISTRIBUTED_LIBRARY)");
  }

  @Test
  void aRankIsLessThanTheSize() {
    assertThatThrownBy(() -> new Member(2, 2, HOST, HOST, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("rank must be from 0 to size - 1, got 2 of size 2");
  }

  private List<String> sums(int size, String task, int elements) {
    start(size, task, elements, GENEROUS);
    List<String> sums = new ArrayList<>();
    for (RankProcess process : processes) {
      List<String> lines = process.awaitLines();
      assertThat(process.exitValue()).as(String.join("\n", lines)).isZero();
      sums.addAll(lines.stream().filter(line -> line.startsWith("sum ")).toList());
      assertThat(lines).as("nothing but what it was told").hasSize(2);
    }
    return sums;
  }

  private void start(int size, String task, int elements, Duration timeout) {
    processes = RankProcess.startAll(size, store.port(), folder, task, elements, timeout);
  }

  private void assertLost(int rank) {
    List<String> lines = processes.get(rank).awaitLines();
    assertThat(lines)
        .anyMatch(
            line ->
                line.startsWith("lost " + rank + ": worker " + rank + " of 4 (127.0.0.1) lost"));
    assertThat(processes.get(rank).exitValue()).as(String.join("\n", lines)).isZero();
  }

  private ProcessGroup member(int rank, int size) {
    return ProcessGroup.join(
        new Member(rank, size, HOST, HOST, store.port()), Optional.empty(), Backend.GLOO, GENEROUS);
  }

  private static Callable<Float> sumOf(Member member, float value) {
    return () -> sum(ProcessGroup.join(member, Optional.empty(), Backend.GLOO, GENEROUS), value);
  }

  /** One element of the sum of arrays that are this value throughout. */
  private static float sum(ProcessGroup joined, float value) {
    try (ProcessGroup group = joined;
        NDManager manager = NDManager.newBaseManager("PyTorch")) {
      NDArray array = manager.full(new Shape(100, 7), value, DataType.FLOAT32);
      group.allReduceSum(array);
      return array.getFloat(99, 6);
    }
  }

  private static List<Float> inThreads(List<Callable<Float>> members)
      throws InterruptedException, ExecutionException {
    ExecutorService threads = Executors.newFixedThreadPool(members.size());
    try {
      List<Float> results = new ArrayList<>();
      for (Future<Float> result : threads.invokeAll(members)) {
        results.add(result.get());
      }
      return results;
    } finally {
      threads.shutdownNow();
    }
  }

  private static LostPeerException lost(Runnable sum) {
    try {
      sum.run();
    } catch (LostPeerException e) {
      return e;
    }
    throw new AssertionError("no member was missed");
  }
}
