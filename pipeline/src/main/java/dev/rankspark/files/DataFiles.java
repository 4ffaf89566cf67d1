package dev.rankspark.files;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** The files of a data set that is not here, told by their names as those of a folder are. */
public final class DataFiles {
  private DataFiles() {}

  /**
   * Which of its files hold what an option asks for.
   *
   * @param paths the option, its split and its content
   * @param title of the data set, for messages
   * @param names of its files, with the folders that they are in
   * @throws dev.rankspark.InputException if none does
   */
  public static List<String> choose(
      InputPaths paths, String title, Collection<String> names, Configuration hadoop) {
    Path root = new Path(null, null, title);
    Map<Path, String> byPath = new LinkedHashMap<>();
    for (String name : names) {
      byPath.put(UserPath.child(root, name), name);
    }
    try {
      return new DataFolder(Folders.of(byPath.keySet(), hadoop), root, paths)
          .files().stream().map(byPath::get).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e); // names alone are looked at
    }
  }
}
