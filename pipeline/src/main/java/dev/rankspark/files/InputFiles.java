package dev.rankspark.files;

import dev.rankspark.InputException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The files behind the paths and globs of an option, in a fixed order: as given, and by name within
 * a glob or folder.
 */
public final class InputFiles {
  private InputFiles() {}

  /**
   * One file.
   *
   * @param name as the user would write it, for messages
   * @param path its full address
   */
  public record InputFile(String name, Path path) {}

  /**
   * Resolves files, globs and folders; a folder stands for the files in it whose names start with
   * neither {@code .} nor {@code _}.
   *
   * @throws InputException if one names nothing
   */
  public static List<InputFile> resolve(InputPaths paths, Configuration hadoop) {
    String option = paths.option();
    List<InputFile> files = new ArrayList<>();
    for (String pattern : paths.paths()) {
      try {
        files.addAll(resolve(pattern, paths, hadoop));
      } catch (InputException e) {
        throw e.getMessage().startsWith(option + ":")
            ? e
            : new InputException(option + ": " + e.getMessage(), e);
      } catch (IOException | FSError e) {
        throw new InputException(
            option + ": " + UserPath.of(pattern, hadoop).unreadable(e).getMessage(), e);
      }
    }
    Set<Path> seen = new HashSet<>();
    for (InputFile file : files) {
      if (!seen.add(file.path())) {
        throw InputException.of("%s: %s is named twice", option, file.name());
      }
    }
    return files;
  }

  private static List<InputFile> resolve(String pattern, InputPaths paths, Configuration hadoop)
      throws IOException {
    UserPath given = UserPath.of(pattern, hadoop);
    FileSystem system = given.system();
    // A name with brackets may be a file's own.
    List<FileStatus> found = given.exists() ? List.of(given.status()) : Glob.match(given);
    if (found.isEmpty()) {
      throw InputException.of("%s: %s does not exist", paths.option(), pattern);
    }
    List<InputFile> files = new ArrayList<>();
    for (FileStatus status : found) {
      Path path = status.getPath();
      if (status.isDirectory()) {
        List<Path> inside = new DataFolder(Folders.of(system), path, paths).files();
        inside.forEach(file -> files.add(new InputFile(Shown.path(file), file)));
        continue;
      }
      String name = found.size() == 1 ? pattern : Shown.path(path);
      if (LocalFile.of(system, path).filter(LocalFile::isStream).isPresent()) {
        throw InputException.of(
            "%s: %s is a pipe or a device: Spark reads a file in parts and more than once; write it"
                + " to a file first",
            paths.option(), name);
      }
      files.add(new InputFile(name, path));
    }
    if (files.isEmpty()) {
      throw InputException.of(
          "%s: %s has no files; folders in it are not looked into, files whose names begin with ."
              + " or _ are taken only where they are named",
          paths.option(), pattern);
    }
    return files;
  }

  /**
   * The format that all files share.
   *
   * @throws InputException if a name tells none, or they differ
   */
  public static DataFormat format(List<InputFile> files, String option, Configuration settings) {
    Configuration hadoop = Compression.with(settings);
    DataFormat first = format(files.get(0), option, hadoop);
    for (InputFile file : files) {
      if (format(file, option, hadoop) != first) {
        throw InputException.of(
            "%s: %s and %s are of different formats; give files of one format",
            option, files.get(0).name(), file.name());
      }
    }
    return first;
  }

  private static DataFormat format(InputFile file, String option, Configuration hadoop) {
    return DataFormat.of(file.path(), hadoop)
        .orElseThrow(
            () ->
                InputException.of(
                    "%s: %s: expected a name ending in .jsonl, .json, .tsv, .txt (compressed or"
                        + " not) .parquet or .pq",
                    option, file.name()));
  }
}
