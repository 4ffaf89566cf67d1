package dev.rankspark.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AttemptsTest {
  private static final int STAGE = 7;

  private final Attempts attempts = new Attempts(1);

  @Test
  void aPartitionCountsByTheAttemptThatIsFurthest() {
    run(10, 0, 100);
    run(11, 1, 50);
    assertThat(attempts.total()).containsExactly(150);

    run(12, 0, 30); // beside the first: speculation
    assertThat(attempts.total()).containsExactly(150);
    run(12, 0, 120);
    assertThat(attempts.total()).containsExactly(170);
  }

  @Test
  void whatAFailedAttemptCountedIsGoneUntilItIsDoneAgain() {
    run(10, 0, 100);
    attempts.failed(10);
    assertThat(attempts.total()).containsExactly(0);
    run(11, 0, 40);
    assertThat(attempts.total()).containsExactly(40);
  }

  @Test
  void aPartitionThatIsDoneStaysDoneWhoeverRunsBesideIt() {
    run(10, 0, 100);
    run(11, 0, 60);
    attempts.succeeded(10, new double[] {256});
    assertThat(attempts.total()).containsExactly(256);
    attempts.failed(11); // killed: the other was faster
    assertThat(attempts.total()).containsExactly(256);
    run(12, 0, 20); // the stage runs again
    assertThat(attempts.total()).containsExactly(256);
    attempts.succeeded(12, new double[] {0}); // of which Spark counts nothing more
    assertThat(attempts.total()).containsExactly(256);
  }

  @Test
  void partitionsOfTwoStagesAreTwo() {
    run(10, 0, 100);
    attempts.begins(11, STAGE + 1, 0);
    attempts.runs(11, new double[] {30});
    assertThat(attempts.total()).containsExactly(130);
  }

  @Test
  void aWordOfATaskThatComesAfterItsEndCountsNothing() {
    run(10, 0, 100);
    attempts.failed(10);
    attempts.runs(10, new double[] {120});
    assertThat(attempts.total()).containsExactly(0);
  }

  private void run(long task, int partition, double pairs) {
    attempts.begins(task, STAGE, partition);
    attempts.runs(task, new double[] {pairs});
  }
}
