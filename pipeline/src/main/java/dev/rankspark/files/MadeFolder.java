package dev.rankspark.files;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A folder that others write into, made before they do. If they write nothing, it can be taken away
 * again, with those above it that were made for it; a folder that was there before stays.
 */
public final class MadeFolder {
  private final FileSystem system;

  /** The folder first; none if it was there. */
  private final List<Path> made;

  private MadeFolder(FileSystem system, List<Path> made) {
    this.system = system;
    this.made = made;
  }

  /**
   * Makes a folder, and those above it where they are missing.
   *
   * @throws dev.rankspark.InputException if it cannot be made
   */
  public static MadeFolder make(String path, Configuration hadoop) {
    OutputTarget target = OutputTarget.of(path, hadoop);
    FileSystem system = target.system();
    List<Path> made = new ArrayList<>();
    try {
      Path folder = target.path();
      while (folder != null && !system.exists(folder)) {
        made.add(folder);
        folder = folder.getParent();
      }
      system.mkdirs(target.path());
    } catch (IOException | FSError e) {
      throw FileFailures.unwritable(path, e);
    }
    return new MadeFolder(system, made);
  }

  /** Takes away what was made, as far as it is empty. */
  public void removeIfEmpty() {
    try {
      for (Path folder : made) {
        if (system.listStatus(folder).length > 0) {
          return;
        }
        system.delete(folder, false /* only an empty one */);
      }
    } catch (IOException | FSError e) {
      // An empty folder that stays is no reason to hide why nothing is in it.
    }
  }
}
