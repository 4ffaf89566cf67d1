package dev.rankspark.jobs;

import picocli.CommandLine.Option;

/** The Trainer's own word about progress. */
final class ProgressMixin {
  @Option(names = "--disable-tqdm", description = "show no progress, as --no-progress does")
  private boolean disabled;

  boolean isDisabled() {
    return disabled;
  }
}
