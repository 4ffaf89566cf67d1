package dev.rankspark.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What memory a process may still take on Linux: what the machine has available, and what its
 * container, or any control group around it, leaves (the kernel's {@code cgroup-v2.rst}, {@code
 * cgroup-v1/memory.rst} and {@code proc.rst}).
 *
 * @param root of the file system; another one in tests
 */
record MemoryLeft(Path root) {
  private static final long KIB = 1024;

  /** Version 1 writes the greatest number of pages where there is no limit. */
  private static final long NO_LIMIT = 1L << 60;

  /** Of this machine. */
  static MemoryLeft here() {
    return new MemoryLeft(Path.of("/"));
  }

  /** Bytes; empty where the system does not say. */
  OptionalLong bytes() {
    List<Long> bytes = new ArrayList<>();
    number(root.resolve("proc/meminfo"), "MemAvailable:\\s+(\\d+) kB")
        .ifPresent(kib -> bytes.add(KIB * kib));
    for (String line : lines(root.resolve("proc/self/cgroup"))) {
      String[] fields = line.split(":", 3); // number, controllers, path
      if (fields.length == 3 && fields[1].isEmpty()) {
        Path top = root.resolve("sys/fs/cgroup");
        around(top, fields[2])
            .flatMapToLong(group -> left(group, "memory.max", "memory.current", "").stream())
            .forEach(bytes::add);
      } else if (fields.length == 3 && List.of(fields[1].split(",")).contains("memory")) {
        Path top = root.resolve("sys/fs/cgroup/memory");
        around(top, fields[2])
            .flatMapToLong(
                group ->
                    left(group, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
                        .stream())
            .forEach(bytes::add);
      }
    }
    return bytes.stream().mapToLong(Long::longValue).min();
  }

  /** A group's folder and those of all around it; of a path that is the host's, what is there. */
  private static Stream<Path> around(Path top, String path) {
    Path group = top.resolve(path.substring(path.startsWith("/") ? 1 : 0)).normalize();
    return Stream.iterate(group, at -> at != null && at.startsWith(top), Path::getParent);
  }

  /** What is read ahead of files goes when it is needed: it is not counted as used. */
  private static OptionalLong left(Path group, String limit, String used, String prefix) {
    OptionalLong most = number(group.resolve(limit), "(\\d+)");
    OptionalLong taken = number(group.resolve(used), "(\\d+)");
    if (most.isEmpty() || most.getAsLong() >= NO_LIMIT || taken.isEmpty()) {
      return OptionalLong.empty();
    }
    long files = number(group.resolve("memory.stat"), prefix + "inactive_file (\\d+)").orElse(0);
    return OptionalLong.of(Math.max(0, most.getAsLong() - taken.getAsLong() + files));
  }

  private static OptionalLong number(Path file, String line) {
    Pattern pattern = Pattern.compile(line);
    return lines(file).stream()
        .map(pattern::matcher)
        .filter(Matcher::matches)
        .mapToLong(matcher -> Long.parseLong(matcher.group(1)))
        .findFirst();
  }

  /** None of a file that cannot be read. */
  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      return List.of();
    }
  }
}
