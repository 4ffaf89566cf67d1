package dev.rankspark.jobs;

import dev.rankspark.files.OutputFile.IfExists;
import picocli.CommandLine.Option;

/** What to do with an output that is there already. */
final class OutputMixin {
  @Option(
      names = "--overwrite",
      description = "replace an existing output; of a link to a file the target is always replaced")
  private boolean overwrite;

  IfExists ifExists() {
    return overwrite ? IfExists.OVERWRITE : IfExists.FAIL;
  }
}
