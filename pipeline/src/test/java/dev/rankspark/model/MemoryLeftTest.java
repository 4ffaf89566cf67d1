package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The files in which Linux says what a process may still take. */
class MemoryLeftTest {
  private static final String NO_LIMIT = "9223372036854771712";

  @TempDir private Path root;

  @BeforeEach
  void tenGigabytesAreAvailable() throws IOException {
    write("proc/meminfo", "MemTotal:       20000000 kB\nMemAvailable:   10000000 kB\n");
  }

  @Test
  void whatTheMachineHasAvailable() {
    assertLeft(10_240_000_000L);
  }

  @Test
  void theContainersLimitWithoutWhatItReadOfFiles() throws IOException {
    write("proc/self/cgroup", "0::/\n");
    write("sys/fs/cgroup/memory.max", "4000\n");
    write("sys/fs/cgroup/memory.current", "3000\n");
    write("sys/fs/cgroup/memory.stat", "anon 2000\ninactive_file 500\nactive_file 100\n");
    assertLeft(1_500);
  }

  @Test
  void theLeastOfAllGroupsAround() throws IOException {
    write("proc/self/cgroup", "0::/yarn/container\n");
    write("sys/fs/cgroup/yarn/memory.max", "9000\n");
    write("sys/fs/cgroup/yarn/memory.current", "8000\n");
    write("sys/fs/cgroup/yarn/container/memory.max", "max\n");
    write("sys/fs/cgroup/yarn/container/memory.current", "10\n");
    assertLeft(1_000);
  }

  @Test
  void theHostsNameOfAGroupWithinItsContainer() throws IOException {
    write("proc/self/cgroup", "0::/kubepods/burstable/pod1/abc\n");
    write("sys/fs/cgroup/memory.max", "4000\n");
    write("sys/fs/cgroup/memory.current", "1000\n");
    assertLeft(3_000);
  }

  @Test
  void groupsOfTheFirstVersion() throws IOException {
    write("proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/a\n");
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", NO_LIMIT);
    write("sys/fs/cgroup/memory/memory.usage_in_bytes", "5000");
    write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "7000");
    write("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "5000");
    write("sys/fs/cgroup/memory/a/memory.stat", "inactive_file 1\ntotal_inactive_file 200\n");
    assertLeft(2_200);
  }

  @Test
  void aSystemThatDoesNotSay() throws IOException {
    Files.delete(root.resolve("proc/meminfo"));
    assertThat(new MemoryLeft(root).bytes()).isEmpty();
  }

  @Test
  void thisMachine() {
    assertThat(MemoryLeft.here().bytes()).isPresent();
  }

  private void assertLeft(long bytes) {
    assertThat(new MemoryLeft(root).bytes()).hasValue(bytes);
  }

  private void write(String name, String text) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }
}
