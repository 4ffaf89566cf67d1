package dev.rankspark.jobs;

import dev.rankspark.OptionException;
import dev.rankspark.corpus.Shard;
import dev.rankspark.files.InputPaths;
import dev.rankspark.jobs.KnownArgument.Case;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Option;

/**
 * The options that name rerank input, as Tevatron hands them to Hugging Face's {@code datasets}.
 */
final class DatasetMixin {
  /** What {@code datasets} calls the reader of the files that {@code --dataset-path} names. */
  static final String JSON = "json";

  /** The split that such files are. */
  static final String TRAIN = "train";

  @Option(
      names = "--dataset-path",
      paramLabel = "FILE",
      description = "rerank input of prepare: JSON lines; globs")
  private List<String> paths = new ArrayList<>();

  @Option(
      names = "--dataset-name",
      paramLabel = "NAME",
      defaultValue = JSON,
      description =
          "json (default), or a data set of rerank input, a folder or a name at the hub, instead of"
              + " --dataset-path")
  private String name;

  @Option(
      names = "--dataset-split",
      paramLabel = "SPLIT",
      defaultValue = TRAIN,
      description = "the split of such a data set (default ${DEFAULT-VALUE})")
  private String split;

  @Option(
      names = "--dataset-number-of-shards",
      paramLabel = "N",
      defaultValue = "1",
      description = "cut the rerank input into N parts (default ${DEFAULT-VALUE})")
  private int shards;

  @Option(
      names = "--dataset-shard-index",
      paramLabel = "I",
      defaultValue = "0",
      description = "and take the part I, from 0 (default ${DEFAULT-VALUE})")
  private int shard;

  /** Names nothing if no data set was given. */
  InputPaths paths() {
    return paths(paths, name, split);
  }

  Shard shard() {
    return new Shard(shards, shard);
  }

  /** What the options ask for that gives others a meaning. */
  Set<Case> cases() {
    return name.equals(JSON) ? Set.of() : Set.of(Case.FOLDER);
  }

  /** Files, or one split of the folder that {@code name} says. */
  static InputPaths paths(List<String> paths, String name, String split) {
    if (!name.equals(JSON)) {
      if (!paths.isEmpty()) {
        throw OptionException.of(
            "--dataset-name: expected json beside --dataset-path, got \"%s\"", name);
      }
      return InputPaths.ofSplit("--dataset-name", name, split);
    }
    if (!split.equals(TRAIN)) {
      throw OptionException.of(
          "--dataset-split: files of --dataset-path are the split train, got \"%s\"", split);
    }
    return InputPaths.of("--dataset-path", paths);
  }
}
