package dev.rankspark.corpus;

import dev.rankspark.InputException;
import dev.rankspark.run.ShownPath;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;

/**
 * The files behind the paths and globs of an option, in a fixed order: as given, and by name within
 * a glob or folder.
 */
final class InputFiles {
  /** The split of a data set that names none. */
  private static final String TRAIN = "train";

  private InputFiles() {}

  /** What a file holds, told by its name without the ending of its compression. */
  enum Format {
    JSON_LINES(".jsonl", ".json"),
    TAB_SEPARATED(".tsv", ".txt"),
    PARQUET(".parquet", ".pq");

    private final String ending;
    private final String otherEnding;

    Format(String ending, String otherEnding) {
      this.ending = ending;
      this.otherEnding = otherEnding;
    }

    boolean matches(String name) {
      return name.endsWith(ending) || name.endsWith(otherEnding);
    }
  }

  /**
   * One file.
   *
   * @param name as the user would write it, for messages
   * @param path its full address
   */
  record InputFile(String name, Path path) {}

  /**
   * Resolves files, globs and folders; a folder stands for the files in it whose names start with
   * neither {@code .} nor {@code _}.
   *
   * @throws InputException if one names nothing
   */
  static List<InputFile> resolve(InputPaths paths, Configuration hadoop) {
    String option = paths.option();
    List<InputFile> files = new ArrayList<>();
    try {
      for (String pattern : paths.paths()) {
        Path path = new Path(pattern);
        FileSystem system = path.getFileSystem(hadoop);
        FileStatus[] found = system.globStatus(path);
        if (found == null || found.length == 0) {
          throw InputException.of("%s: %s does not exist", option, pattern);
        }
        Arrays.sort(found);
        for (FileStatus status : found) {
          if (!status.isDirectory()) {
            String name = found.length == 1 ? pattern : ShownPath.of(status.getPath());
            files.add(new InputFile(name, status.getPath()));
            continue;
          }
          List<Path> inside =
              paths.split().isPresent()
                  ? ofSplit(system, status.getPath(), paths.split().get(), option)
                  : filesIn(system, status.getPath());
          inside.forEach(file -> files.add(new InputFile(ShownPath.of(file), file)));
        }
        if (files.isEmpty()) {
          throw InputException.of("%s: %s has no files", option, pattern);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (IllegalArgumentException e) { // an empty path, a scheme that Hadoop cannot parse
      throw new InputException(option + ": " + e.getMessage(), e);
    }
    Set<Path> seen = new HashSet<>();
    for (InputFile file : files) {
      if (!seen.add(file.path())) {
        throw InputException.of("%s: %s is named twice", option, file.name());
      }
    }
    return files;
  }

  private static List<Path> filesIn(FileSystem system, Path folder) throws IOException {
    return Arrays.stream(system.listStatus(folder, InputFiles::isVisible))
        .filter(FileStatus::isFile)
        .map(FileStatus::getPath)
        .sorted()
        .toList();
  }

  /**
   * The files of one split of a data set, told by Hugging Face's conventions: those in a folder of
   * the split's name, or with the split as a word of their name ({@code dl19.jsonl.gz}, {@code
   * queries.dl19.tsv}, {@code data/dev-00000-of-00002.parquet}); a data set that names no splits is
   * all {@code train}.
   */
  private static List<Path> ofSplit(FileSystem system, Path folder, String split, String option)
      throws IOException {
    List<Path> data = new ArrayList<>();
    for (Path place : List.of(folder, new Path(folder, "data"))) {
      Path own = new Path(place, split);
      if (system.exists(own) && system.getFileStatus(own).isDirectory()) {
        return filesIn(system, own);
      }
      if (system.exists(place)) {
        filesIn(system, place).stream()
            .filter(file -> format(file, system.getConf()).isPresent())
            .forEach(data::add);
      }
    }
    List<Path> named = data.stream().filter(file -> words(file).contains(split)).toList();
    if (named.isEmpty() && split.equals(TRAIN) && !data.isEmpty()) {
      return data;
    }
    if (named.isEmpty()) {
      throw InputException.of(
          "%s: %s has no data of split \"%s\": expected a file such as %s.jsonl.gz, found %s",
          option,
          ShownPath.of(folder),
          split,
          split,
          data.isEmpty()
              ? "none"
              : data.stream().map(Path::getName).collect(Collectors.joining(", ")));
    }
    return named;
  }

  private static List<String> words(Path file) {
    return Arrays.asList(file.getName().split("[^A-Za-z0-9]+"));
  }

  private static boolean isVisible(Path path) {
    return !path.getName().startsWith(".") && !path.getName().startsWith("_");
  }

  /**
   * The format that all files share.
   *
   * @throws InputException if a name tells none, or they differ
   */
  static Format format(List<InputFile> files, String option, Configuration hadoop) {
    Format first = format(files.get(0), option, hadoop);
    for (InputFile file : files) {
      if (format(file, option, hadoop) != first) {
        throw InputException.of(
            "%s: %s and %s are of different formats; give files of one format",
            option, files.get(0).name(), file.name());
      }
    }
    return first;
  }

  private static Format format(InputFile file, String option, Configuration hadoop) {
    return format(file.path(), hadoop)
        .orElseThrow(
            () ->
                InputException.of(
                    "%s: %s: expected a name ending in .jsonl, .json, .tsv, .txt (compressed or"
                        + " not) .parquet or .pq",
                    option, file.name()));
  }

  private static Optional<Format> format(Path file, Configuration hadoop) {
    String name = file.getName().toLowerCase(Locale.ROOT);
    CompressionCodec codec = new CompressionCodecFactory(hadoop).getCodec(file);
    String plain =
        codec == null
            ? name
            : CompressionCodecFactory.removeSuffix(name, codec.getDefaultExtension());
    return Arrays.stream(Format.values()).filter(format -> format.matches(plain)).findFirst();
  }
}
