package dev.rankspark.store;

import dev.rankspark.InputException;
import dev.rankspark.store.Manifest.ScoreFile;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;

/** A store's scores of one reranker. */
public final class RerankerScores {
  static final String TEXT = "reranker.txt";
  private static final String SUFFIX = ".json";
  private static final DateTimeFormatter ID_TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmssSSS'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

  private final String store;
  private final StoreFolder folder;
  private final String identity;
  private final String text;
  private final Configuration hadoop;

  /** Ids of the commits written through this object, which a listing may lack for a while. */
  private final Set<String> own = new HashSet<>();

  /**
   * @param store its path as the user gave it
   */
  RerankerScores(
      String store, StoreFolder folder, String identity, String text, Configuration hadoop) {
    this.store = store;
    this.folder = folder;
    this.identity = identity;
    this.text = text;
    this.hadoop = hadoop;
  }

  /** SHA-256 of {@link #text}, in hexadecimal. */
  public String identity() {
    return identity;
  }

  /** All that the scores depend on, a line for each thing. */
  public String text() {
    return text;
  }

  /** The store's path as the user gave it. */
  String store() {
    return store;
  }

  Configuration hadoop() {
    return hadoop;
  }

  StoreFolder commits() {
    return folder.child("commits");
  }

  StoreFolder scores() {
    return folder.child("scores");
  }

  StoreFolder plans() {
    return folder.child("plans");
  }

  /** Whether anything was ever kept of this reranker. */
  public boolean isThere() {
    try {
      return folder.has(TEXT);
    } catch (IOException e) {
      throw folder.failed("read", e);
    }
  }

  /** Makes the reranker's folder, before its first commit. */
  public void make() {
    try {
      if (!folder.has(TEXT)) {
        folder.write(TEXT, text.getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw folder.unwritable(e);
    }
  }

  /** A name that nobody else has, and that sorts by time. */
  static String newId() {
    return ID_TIME.format(Instant.now()) + "-" + UUID.randomUUID();
  }

  /** All scores that count now. */
  public Snapshot snapshot() {
    return checked(live());
  }

  /** The commits that no other replaces, in the order of their ids. */
  List<Manifest> live() {
    return live(manifests());
  }

  static List<Manifest> live(Map<String, Manifest> all) {
    Set<String> replaced = new HashSet<>();
    all.values().forEach(manifest -> replaced.addAll(manifest.replaces()));
    return all.values().stream().filter(manifest -> !replaced.contains(manifest.id())).toList();
  }

  /** The scores that counted once; empty if not all of them are there any longer. */
  Optional<Snapshot> snapshot(List<String> ids) {
    Map<String, Manifest> all = manifests(ids);
    if (!all.keySet().containsAll(ids)) {
      return Optional.empty();
    }
    Map<String, Long> lengths = lengths();
    List<Manifest> found = ids.stream().map(all::get).toList();
    return found.stream().allMatch(manifest -> isWhole(manifest, lengths))
        ? Optional.of(new Snapshot(scores(), found))
        : Optional.empty();
  }

  private boolean isWhole(Manifest manifest, Map<String, Long> lengths) {
    return manifest.files().stream().allMatch(file -> isWhole(file, lengths));
  }

  private boolean isWhole(ScoreFile file, Map<String, Long> lengths) {
    return length(file, lengths) == file.bytes();
  }

  /** A file's length, -1 if it is not there. One that a listing lacks is asked for: some lag. */
  private long length(ScoreFile file, Map<String, Long> lengths) {
    Long listed = lengths.get(file.name());
    try {
      return listed != null ? listed : scores().length(file.name());
    } catch (IOException e) {
      throw scores().failed("read", e);
    }
  }

  Snapshot checked(List<Manifest> live) {
    Map<String, Long> lengths = lengths();
    for (Manifest manifest : live) {
      for (ScoreFile file : manifest.files()) {
        if (!isWhole(file, lengths)) {
          throw damaged(file, length(file, lengths));
        }
      }
    }
    return new Snapshot(scores(), live);
  }

  private InputException damaged(ScoreFile file, long length) {
    return InputException.of(
        "--score-store: %s/%s: expected %,d bytes, got %s; rankspark store verify --repair %s sets it"
            + " aside, and its %,d pairs are scored again",
        scores(),
        file.name(),
        file.bytes(),
        length < 0 ? "no such file" : String.format(Locale.ROOT, "%,d", length),
        store,
        file.rows());
  }

  private Map<String, Long> lengths() {
    try {
      Map<String, Long> lengths = new LinkedHashMap<>();
      for (FileStatus file : scores().files()) {
        lengths.put(file.getPath().getName(), file.getLen());
      }
      return lengths;
    } catch (IOException e) {
      throw scores().failed("read", e);
    }
  }

  /** All commits, replaced ones too, by id and in the order of their ids. */
  Map<String, Manifest> manifests() {
    return manifests(own);
  }

  /** Likewise; those of which the ids are known are asked for where a listing lacks them. */
  private Map<String, Manifest> manifests(Collection<String> known) {
    StoreFolder commits = commits();
    Map<String, Manifest> found = new TreeMap<>();
    try {
      Set<String> names = new HashSet<>();
      known.forEach(id -> names.add(id + SUFFIX));
      commits.files().forEach(file -> names.add(file.getPath().getName()));
      for (String name : names) {
        if (name.endsWith(SUFFIX)) {
          read(commits, name).ifPresent(manifest -> found.put(manifest.id(), manifest));
        }
      }
    } catch (IOException e) {
      throw commits.failed("read", e);
    }
    return found;
  }

  /** Empty for one that was pruned since it was listed, or that is listed though it was. */
  private Optional<Manifest> read(StoreFolder commits, String name) throws IOException {
    byte[] json;
    try {
      json = commits.read(name);
    } catch (FileNotFoundException e) {
      return Optional.empty();
    }
    Manifest manifest;
    try {
      manifest = Manifest.read(json);
    } catch (IOException e) {
      throw damaged(commits, name, e);
    }
    check(commits, name, manifest.layout());
    return Optional.of(manifest);
  }

  private InputException damaged(StoreFolder in, String name, IOException e) {
    return new InputException(
        String.format(
            Locale.ROOT,
            "--score-store: %s/%s is damaged; rankspark store verify --repair %s sets it aside (%s)",
            in,
            name,
            store,
            e.getMessage().lines().findFirst().orElse("")),
        e);
  }

  private static void check(StoreFolder in, String name, int layout) {
    if (layout > StoreLayout.VERSION) {
      throw InputException.of(
          "--score-store: %s/%s has layout %d, this version reads up to %d: use the version that"
              + " wrote it, or another folder",
          in, name, layout, StoreLayout.VERSION);
    }
  }

  /** Writes a commit; its files are there already. */
  Manifest commit(
      String model, List<ScoreFile> files, List<String> replaces, String plan, Integer task)
      throws IOException {
    Manifest manifest =
        new Manifest(
            StoreLayout.VERSION,
            newId(),
            Instant.now().toString(),
            model,
            files,
            replaces,
            plan,
            task);
    commits().write(manifest.id() + SUFFIX, manifest.json());
    own.add(manifest.id());
    return manifest;
  }

  /**
   * The commits of a plan's tasks whose scores are there, by task; twins of one task have the same
   * scores.
   */
  Map<Integer, Manifest> finished(String plan) {
    Map<String, Long> lengths = lengths();
    Map<Integer, Manifest> tasks = new LinkedHashMap<>();
    for (Manifest manifest : manifests().values()) {
      if (plan.equals(manifest.plan()) && isWhole(manifest, lengths)) {
        tasks.put(manifest.task(), manifest);
      }
    }
    return tasks;
  }

  /** Plans of runs that have not ended, oldest first. */
  public List<RunPlan> openPlans() {
    StoreFolder plans = plans();
    List<RunPlan> found = new ArrayList<>();
    try {
      for (FileStatus file : plans.files()) {
        String name = file.getPath().getName();
        if (name.endsWith(SUFFIX)) {
          plan(plans, name).ifPresent(found::add);
        }
      }
    } catch (IOException e) {
      throw plans.failed("read", e);
    }
    return found;
  }

  /** Empty for one that has ended since it was listed, or that is listed though it has. */
  private Optional<RunPlan> plan(StoreFolder plans, String name) throws IOException {
    byte[] json;
    try {
      json = plans.read(name);
    } catch (FileNotFoundException e) {
      return Optional.empty();
    }
    RunPlan plan;
    try {
      plan = RunPlan.read(json);
    } catch (IOException e) {
      throw damaged(plans, name, e);
    }
    check(plans, name, plan.layout());
    return Optional.of(plan);
  }

  void begin(RunPlan plan) {
    try {
      plans().write(plan.id() + SUFFIX, plan.json());
    } catch (IOException e) {
      throw plans().unwritable(e);
    }
  }

  /** Forgets a plan; what its tasks committed stays. */
  public void end(RunPlan plan) {
    try {
      plans().delete(plan.id() + SUFFIX);
    } catch (IOException e) {
      throw plans().unwritable(e);
    }
  }
}
