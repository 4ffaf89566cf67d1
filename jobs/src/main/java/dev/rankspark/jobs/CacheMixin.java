package dev.rankspark.jobs;

import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.corpus.CandidateOptions;
import dev.rankspark.files.InputPaths;
import dev.rankspark.hub.Hub;
import dev.rankspark.hub.HubSettings;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Where the files of names lie; the rest of what is known of the hub is the environment's. */
final class CacheMixin {
  /** The options that take a data set by its name. */
  private static final Set<String> NAMES =
      Set.of("--query-data-name", "--corpus-data-name", "--dataset-name");

  @Spec(Target.MIXEE)
  private CommandSpec command;

  @Option(
      names = "--cache-dir",
      paramLabel = "DIR",
      description =
          "the cache of the hub's files (default: HF_HUB_CACHE, or hub in HF_HOME, or"
              + " ~/.cache/huggingface/hub)")
  private Optional<Path> folder;

  private ProgressDisplay display = ProgressDisplay.NONE;
  private Hub hub;

  /** Likewise, with downloads that are shown. */
  CacheMixin showing(ProgressDisplay progress) {
    display = progress;
    return this;
  }

  /** The options with the files of data sets in place of names. */
  CandidateOptions find(CandidateOptions options) {
    return new CandidateOptions(
        find(options.queries()),
        find(options.corpus()),
        options.runs(),
        options.runReader(),
        options.depth(),
        options.missing());
  }

  /** Likewise, of one option. */
  InputPaths find(InputPaths paths) {
    return NAMES.contains(paths.option()) ? hub().data(paths, HadoopSettings.ofDriver()) : paths;
  }

  /** The one of this command. */
  Hub hub() {
    if (hub == null) {
      hub =
          new Hub(
              () -> {
                HubSettings settings = HubSettings.ofEnvironment();
                return folder.map(settings::withCache).orElse(settings);
              },
              new DownloadLines(command.commandLine().getErr(), display));
    }
    return hub;
  }
}
