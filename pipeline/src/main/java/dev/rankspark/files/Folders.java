package dev.rankspark.files;

import java.io.IOException;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** What folders hold: those of a file system, or those that the names of files tell. */
interface Folders {
  boolean isFolder(Path path) throws IOException;

  /** The files of a folder, without those of folders in it. */
  List<Path> filesIn(Path folder) throws IOException;

  Configuration hadoop();

  static Folders of(FileSystem system) {
    return new Folders() {
      @Override
      public boolean isFolder(Path path) throws IOException {
        return system.exists(path) && system.getFileStatus(path).isDirectory();
      }

      @Override
      public List<Path> filesIn(Path folder) throws IOException {
        return Arrays.stream(system.listStatus(folder))
            .filter(FileStatus::isFile)
            .map(FileStatus::getPath)
            .toList();
      }

      @Override
      public Configuration hadoop() {
        return system.getConf();
      }
    };
  }

  /**
   * Those of files that lie elsewhere.
   *
   * @param files with all folders above them
   */
  static Folders of(Collection<Path> files, Configuration hadoop) {
    return new Folders() {
      @Override
      public boolean isFolder(Path path) {
        return files.stream().anyMatch(file -> isAbove(path, file));
      }

      private boolean isAbove(Path folder, Path file) {
        for (Path above = file.getParent(); above != null; above = above.getParent()) {
          if (above.equals(folder)) {
            return true;
          }
        }
        return false;
      }

      @Override
      public List<Path> filesIn(Path folder) {
        return files.stream().filter(file -> folder.equals(file.getParent())).toList();
      }

      @Override
      public Configuration hadoop() {
        return hadoop;
      }
    };
  }
}
