package dev.rankspark.train;

import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.checkpoint.NewTensor;
import dev.rankspark.checkpoint.SafetensorsWriter;
import dev.rankspark.checkpoint.StoredTensor;
import dev.rankspark.checkpoint.Weights;
import dev.rankspark.files.FileFailures;
import dev.rankspark.files.FileSum;
import dev.rankspark.files.OutputDirectory;
import dev.rankspark.files.Shown;
import dev.rankspark.files.UserPath;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A directory {@code checkpoint-STEP} from which a training run goes on: the model's files, {@code
 * optimizer.safetensors}, and {@code trainer_state.json}, which has the state and the length and
 * CRC32C of every other file. It is written under a hidden name and renamed, on any Hadoop path;
 * where a rename is no single step, or a disk lies, the sums say whether all is there.
 *
 * <p>One writer at a time: it takes away what killed writers left behind.
 */
final class TrainingCheckpoint {
  private static final Pattern LEFTOVER =
      Pattern.compile("\\." + TrainerStateFile.PREFIX + "\\d+\\..+");
  private static final int BUFFER = 1 << 16;

  private final ModelDirectory directory;
  private final TrainerState state;

  /** Writes the model's files: an adapter or a whole model, and the tokenizer. */
  @FunctionalInterface
  public interface Contents {
    void writeTo(OutputDirectory directory);
  }

  /**
   * What {@link #newest} found.
   *
   * @param checkpoint the newest whole one, if there is one
   * @param broken what is wrong with newer ones, a line for each that begins with its path
   */
  public record Newest(Optional<TrainingCheckpoint> checkpoint, List<String> broken) {
    public Newest {
      broken = List.copyOf(broken);
    }
  }

  private TrainingCheckpoint(ModelDirectory directory, TrainerState state) {
    this.directory = directory;
    this.state = state;
  }

  /**
   * Writes a checkpoint. A whole one of the same step and settings, which a task that is retried
   * may find, is kept as it is; any other directory of that name is replaced.
   *
   * @param optimizer the optimizer's vectors
   * @throws InputException if the file system refuses; the checkpoints before stay as they are
   */
  public static TrainingCheckpoint write(
      String outputDir,
      TrainerState state,
      List<NewTensor> optimizer,
      Contents contents,
      Configuration hadoop) {
    String path = pathOf(outputDir, state.step());
    try {
      UserPath given = UserPath.of(path, hadoop);
      FileSystem system = given.system();
      boolean exists = system.exists(given.path());
      if (exists) {
        Optional<TrainingCheckpoint> whole = whole(path, hadoop);
        if (whole.isPresent() && whole.get().state.settings().equals(state.settings())) {
          return whole.get();
        }
      }
      removeLeftovers(UserPath.of(outputDir, hadoop));
      try (OutputDirectory directory = OutputDirectory.create(path, hadoop)) {
        contents.writeTo(directory);
        SafetensorsWriter.write(directory, TrainerStateFile.OPTIMIZER, optimizer);
        directory.write(TrainerStateFile.NAME, TrainerStateFile.json(state, directory.written()));
        Optional<Path> replaced =
            exists ? Optional.of(hide(system, given.path())) : Optional.empty();
        directory.commit();
        if (replaced.isPresent()) {
          system.delete(replaced.get(), true /* recursively */);
        }
      }
      return new TrainingCheckpoint(ModelDirectory.open(path, hadoop), state);
    } catch (IOException | FSError e) {
      throw FileFailures.unwritable(path, e);
    }
  }

  /**
   * The newest checkpoint that is whole; every byte of it is read.
   *
   * @param outputDir need not exist
   * @throws InputException if the file system cannot be read
   */
  public static Newest newest(String outputDir, Configuration hadoop) {
    List<String> broken = new ArrayList<>();
    for (long step : steps(outputDir, hadoop)) {
      try {
        return new Newest(Optional.of(read(pathOf(outputDir, step), hadoop)), broken);
      } catch (BrokenCheckpointException e) {
        broken.add(e.getMessage());
      }
    }
    return new Newest(Optional.empty(), broken);
  }

  /** The checkpoint of a step, if it is there and whole. */
  static Optional<TrainingCheckpoint> find(String outputDir, long step, Configuration hadoop) {
    return steps(outputDir, hadoop).contains(step)
        ? whole(pathOf(outputDir, step), hadoop)
        : Optional.empty();
  }

  /**
   * Reads the checkpoint in a directory, every byte of it.
   *
   * @throws InputException if it is missing, cut or changed, naming the file
   */
  public static TrainingCheckpoint read(String path, Configuration hadoop) {
    ModelDirectory directory = ModelDirectory.open(path, "--resume-from-checkpoint", hadoop);
    TrainerStateFile written = TrainerStateFile.read(directory);
    Map<String, FileSum> files = written.files();
    for (Map.Entry<String, FileSum> file : files.entrySet()) {
      check(path + "/" + file.getKey(), file.getValue(), hadoop);
    }
    return new TrainingCheckpoint(directory, written.state());
  }

  /**
   * Deletes all but the newest checkpoints ({@code --save-total-limit}), oldest first. As the
   * Trainer's rotation has it, the best one is never deleted and counts, but the newest one stays
   * as well.
   *
   * @param limit how many to keep, from 1 on
   * @param best the step of the best one, if that is wanted
   */
  public static void keepNewest(
      String outputDir, int limit, OptionalLong best, Configuration hadoop) {
    if (limit < 1) {
      throw new IllegalArgumentException("limit must be >= 1, got " + limit);
    }
    List<Long> others = steps(outputDir, hadoop);
    boolean hasBest = best.isPresent() && others.remove((Long) best.getAsLong());
    boolean bestIsNewest = hasBest && (others.isEmpty() || best.getAsLong() > others.get(0));
    int kept = hasBest ? Math.max(limit - 1, bestIsNewest ? 0 : 1) : limit;
    List<Long> oldestFirst =
        new ArrayList<>(others.subList(Math.min(kept, others.size()), others.size()));
    Collections.reverse(oldestFirst);
    for (long step : oldestFirst) {
      UserPath path = UserPath.of(pathOf(outputDir, step), hadoop);
      try {
        FileSystem system = path.system();
        // Hidden first: half deleted, it would look like one that was cut.
        system.delete(hide(system, path.path()), true /* recursively */);
      } catch (IOException | FSError e) {
        throw new InputException(path.text() + " cannot be deleted: " + e.getMessage(), e);
      }
    }
  }

  /** The path as it was given. */
  public String path() {
    return directory.path();
  }

  public TrainerState state() {
    return state;
  }

  /** The directory with the model's files. */
  public ModelDirectory directory() {
    return directory;
  }

  /** The optimizer's vectors, by name. */
  public Map<String, StoredTensor> optimizer() {
    return Weights.read(directory, TrainerStateFile.OPTIMIZER);
  }

  /**
   * Refuses to go on with other settings than the checkpoint's.
   *
   * @throws InputException naming the first setting that differs
   */
  public void compareSettings(Map<String, String> asked) {
    SortedMap<String, String> all = new TreeMap<>(state.settings());
    all.putAll(asked);
    for (String name : all.keySet()) {
      String made = state.settings().get(name);
      String wanted = asked.get(name);
      if (made == null || !made.equals(wanted)) {
        throw InputException.of(
            "%s was made %s, asked for %s; give the same, or another --output-dir to begin anew",
            path(),
            made == null ? "without " + name : "with " + name + " " + Shown.text(made),
            wanted == null ? "none" : Shown.text(wanted));
      }
    }
  }

  private static String pathOf(String outputDir, long step) {
    return (outputDir.endsWith("/") ? outputDir : outputDir + "/") + TrainerStateFile.PREFIX + step;
  }

  private static Optional<TrainingCheckpoint> whole(String path, Configuration hadoop) {
    try {
      return Optional.of(read(path, hadoop));
    } catch (BrokenCheckpointException e) {
      return Optional.empty();
    }
  }

  /** The steps of all directories with a checkpoint's name, newest first. */
  private static List<Long> steps(String outputDir, Configuration hadoop) {
    List<Long> steps = new ArrayList<>();
    try {
      UserPath directory = UserPath.of(outputDir, hadoop);
      for (FileStatus status : directory.system().listStatus(directory.path())) {
        Matcher name = TrainerStateFile.DIRECTORY.matcher(status.getPath().getName());
        if (status.isDirectory() && name.matches()) {
          steps.add(Long.valueOf(name.group(1)));
        }
      }
    } catch (FileNotFoundException e) {
      return steps;
    } catch (IOException | FSError e) {
      throw new InputException(outputDir + " cannot be read: " + e.getMessage(), e);
    }
    steps.sort(Comparator.reverseOrder());
    return steps;
  }

  /** Moves a directory to a name that nobody looks for. */
  private static Path hide(FileSystem system, Path path) throws IOException {
    Path hidden = new Path(path.getParent(), "." + path.getName() + "." + UUID.randomUUID());
    if (!system.rename(path, hidden)) {
      throw new IOException(path + " cannot be renamed");
    }
    return hidden;
  }

  /** Whether a directory of that name is what a killed writer left, to be taken away. */
  static boolean isLeftover(String name) {
    return LEFTOVER.matcher(name).matches();
  }

  private static void removeLeftovers(UserPath outputDir) throws IOException {
    FileSystem system = outputDir.system();
    if (!outputDir.exists()) {
      return;
    }
    for (FileStatus status : system.listStatus(outputDir.path())) {
      if (isLeftover(status.getPath().getName())) {
        system.delete(status.getPath(), true /* recursively */);
      }
    }
  }

  private static void check(String path, FileSum expected, Configuration hadoop) {
    CRC32C crc = new CRC32C();
    long length = 0;
    UserPath file = UserPath.of(path, hadoop);
    try (InputStream in = file.system().open(file.path())) {
      byte[] buffer = new byte[BUFFER];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        crc.update(buffer, 0, read);
        length += read;
      }
    } catch (FileNotFoundException e) {
      throw new BrokenCheckpointException(path + " does not exist", e);
    } catch (IOException | FSError e) {
      throw new InputException(path + " cannot be read: " + e.getMessage(), e);
    }
    FileSum found = new FileSum(length, crc);
    if (!found.equals(expected)) {
      throw BrokenCheckpointException.of(
          path,
          "expected %d bytes of CRC32C %s, got %d of %s: it was cut or changed",
          expected.length(),
          Shown.text(expected.crc32c()),
          found.length(),
          found.crc32c());
    }
  }
}
