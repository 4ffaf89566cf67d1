package dev.rankspark.hub;

import dev.rankspark.InputException;
import dev.rankspark.files.InputPaths;
import dev.rankspark.files.Shown;
import dev.rankspark.files.UserPath;
import dev.rankspark.hub.HubClient.Listed;
import dev.rankspark.hub.HubClient.Listing;
import dev.rankspark.hub.ModelFiles.Part;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/**
 * Finds what a name stands for as transformers finds it: a local directory, else the hub's
 * repository of that name, from the cache where it is there, else downloaded into it. {@code
 * name@revision} is a branch, a tag or a commit.
 */
public final class Hub {
  /** What repositories begin with, and what is not written. */
  private static final String MAIN = "main";

  private final Supplier<HubSettings> source;
  private final DownloadListener listener;
  private HubSettings settings;
  private HubClient client;

  /**
   * @param settings asked for when a name is looked up: what is wrong with them is nothing to paths
   * @param listener told of downloads
   */
  public Hub(Supplier<HubSettings> settings, DownloadListener listener) {
    this.source = settings;
    this.listener = listener;
  }

  /** Likewise, with settings that are known. */
  public Hub(HubSettings settings, DownloadListener listener) {
    this(() -> settings, listener);
  }

  /** The one that the environment says, with downloads that nobody is told of. */
  public static Hub ofEnvironment() {
    return new Hub(HubSettings::ofEnvironment, DownloadListener.NONE);
  }

  private synchronized HubSettings settings() {
    if (settings == null) {
      settings = source.get();
    }
    return settings;
  }

  private HubCache cache() {
    return new HubCache(settings().cache(), settings().links());
  }

  /**
   * A repository and which of its commits.
   *
   * @param revision a branch, a tag or a commit
   */
  private record Reference(RepositoryName name, String revision) {}

  /**
   * The directory of a model, or of an adapter, with its tokenizer.
   *
   * @param text a path, or a name
   * @param revision of the repository, if it is one
   * @param option that has the text, for messages
   * @return the text itself if it is a path, else the directory of a snapshot
   * @throws InputException if the text is a name, and there is no such repository, or it cannot be
   *     fetched
   */
  public String model(String text, Optional<String> revision, String option, Configuration hadoop) {
    return directory(text, revision, option, Part.MODEL, hadoop);
  }

  /** Likewise, of an adapter alone. */
  public String adapter(String text, String option, Configuration hadoop) {
    return directory(text, Optional.empty(), option, Part.ADAPTER, hadoop);
  }

  /** Likewise, of a tokenizer. */
  public String tokenizer(String text, String option, Configuration hadoop) {
    return directory(text, Optional.empty(), option, Part.TOKENIZER, hadoop);
  }

  /**
   * The files of a data set.
   *
   * @param data an option's path or name; its split and its content say which files
   * @return the same if it is a path, else the files in the cache
   * @throws InputException if it is a name, and there is no such repository, or none of its files
   *     is asked for, or they cannot be fetched
   */
  public InputPaths data(InputPaths data, Configuration hadoop) {
    if (data.paths().size() != 1 || isPath(data.paths().get(0), hadoop)) {
      return data;
    }
    String text = data.paths().get(0);
    Reference reference =
        reference(RepositoryName.Kind.DATASET, text, Optional.empty(), data.option());
    try {
      DataSets set = new DataSets(data, reference.name(), hadoop);
      HubCache.Repository repository = cache().of(reference.name());
      List<Path> files = data(repository, reference.revision(), set);
      return InputPaths.of(data.option(), files.stream().map(Path::toString).toList())
          .holding(data.content());
    } catch (InputException e) {
      throw explained(data.option(), text, e);
    }
  }

  private List<Path> data(HubCache.Repository repository, String revision, DataSets set) {
    Function<String, Boolean> isWhole =
        commit -> isWhole(() -> set.choose(there(repository, commit)));
    boolean hasConverted =
        repository
            .commit(DataSets.CONVERTED)
            .map(commit -> isWhole(() -> set.chooseConverted(there(repository, commit))))
            .orElse(false);
    boolean onlyConverted = repository.commit(revision).filter(isWhole::apply).isEmpty();
    if (settings().isOffline() && hasConverted && onlyConverted) {
      return data(repository, DataSets.CONVERTED, set::chooseConverted);
    }
    Optional<Listing> listing = list(repository, revision, isWhole);
    boolean hasData = listing.map(all -> DataSets.hasData(names(all))).orElse(true);
    return hasData
        ? files(repository, revision, listing, set::choose)
        : data(repository, DataSets.CONVERTED, set::chooseConverted);
  }

  private List<Path> data(
      HubCache.Repository repository,
      String revision,
      Function<Collection<String>, List<String>> choice) {
    Optional<Listing> listing =
        list(
            repository, revision, commit -> isWhole(() -> choice.apply(there(repository, commit))));
    return files(repository, revision, listing, choice);
  }

  private List<Path> files(
      HubCache.Repository repository,
      String revision,
      Optional<Listing> listing,
      Function<Collection<String>, List<String>> choice) {
    String commit =
        listing.map(Listing::commit).orElseGet(() -> repository.commit(revision).orElseThrow());
    List<String> files =
        choice.apply(listing.map(Hub::names).orElseGet(() -> there(repository, commit)));
    listing.ifPresent(all -> files.forEach(file -> fetch(repository, all, file)));
    repository.note(revision, commit);
    return files.stream().map(file -> repository.file(commit, file)).toList();
  }

  private static boolean isWhole(Supplier<List<String>> choice) {
    try {
      return DataSets.lacking(choice.get()).isEmpty();
    } catch (InputException e) {
      return false;
    }
  }

  private static List<String> names(Listing listing) {
    return listing.files().stream().map(Listed::name).toList();
  }

  private String directory(
      String text, Optional<String> revision, String option, Part part, Configuration hadoop) {
    if (isPath(text, hadoop)) {
      return text;
    }
    Reference reference = reference(RepositoryName.Kind.MODEL, text, revision, option);
    try {
      return model(reference, part).folder().toString();
    } catch (InputException e) {
      throw explained(option, text, e);
    }
  }

  static InputException explained(String option, String text, InputException e) {
    String why = e.getMessage();
    return new InputException(
        option
            + ": there is no directory "
            + Shown.text(text)
            + ", and "
            + (why.startsWith(option + ": ") ? why.substring(option.length() + 2) : why),
        e);
  }

  /** Whether a text is there as a path, or can be nothing else. */
  public static boolean isPath(String text, Configuration hadoop) {
    String name = text.replaceFirst("@[^/@]+$", "");
    if (text.isBlank()
        || text.matches("(?s)[/.~].*|.*[/\\\\:]|[A-Za-z][A-Za-z0-9+.-]*:.*")
        || name.chars().filter(c -> c == '/').count() > 1) {
      return true;
    }
    try {
      return UserPath.of(text, hadoop).exists();
    } catch (InputException e) {
      return true; // whoever opens it says what is wrong with it
    }
  }

  private static Reference reference(
      RepositoryName.Kind kind, String text, Optional<String> revision, String option) {
    int at = text.indexOf('@');
    String id = at < 0 ? text : text.substring(0, at);
    Optional<String> problem = RepositoryName.problem(id);
    if (problem.isPresent()) {
      throw InputException.of(
          "%s: there is no directory %s, and it is no name that a hub has: %s",
          option, Shown.text(text), problem.get());
    }
    String wanted = at < 0 ? revision.orElse(MAIN) : text.substring(at + 1);
    if (!HubClient.isPlain(wanted)) {
      throw InputException.of(
          "%s: expected a branch, a tag or a commit, got \"%s\"", option, Shown.text(wanted));
    }
    return new Reference(new RepositoryName(kind, id), wanted);
  }

  private HubSnapshot model(Reference reference, Part part) {
    HubCache.Repository repository = cache().of(reference.name());
    String revision = reference.revision();
    if (HubCache.isCommit(revision) && isAllKnown(repository, revision, part)) {
      return chosen(repository, revision, part);
    }
    Optional<Listing> listing =
        list(repository, revision, commit -> isWhole(repository, commit, part));
    if (listing.isEmpty()) {
      return chosen(repository, repository.commit(revision).orElseThrow(), part);
    }
    return fetch(repository, revision, listing.get(), part);
  }

  /**
   * Asks the hub which files there are.
   *
   * @param isWhole whether a commit's files in the cache will do
   * @return empty if the cache has to do, and does
   */
  private Optional<Listing> list(
      HubCache.Repository repository, String revision, Function<String, Boolean> isWhole) {
    Optional<String> cached = repository.commit(revision).filter(isWhole::apply);
    if (settings().isOffline()) {
      if (cached.isPresent()) {
        return Optional.empty();
      }
      throw InputException.of(
          "%s%s is not whole in the cache %s, and HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) forbids to"
              + " ask %s: fetch it where there is a network, by \"hf download%s %s\"",
          repository.name(),
          revision.equals(MAIN) ? "" : "@" + Shown.text(revision),
          settings().cache(),
          settings().host(),
          repository.name().kind() == RepositoryName.Kind.DATASET ? " --repo-type dataset" : "",
          repository.name());
    }
    try {
      return Optional.of(
          client().list(repository.name(), revision, cached.isPresent() ? 0 : HubClient.RETRIES));
    } catch (HubException e) {
      if (!e.letsCacheServe() || cached.isEmpty()) {
        throw e;
      }
      listener.note(e.getMessage().replaceFirst(";.*", "") + "; its files in the cache are taken");
      return Optional.empty();
    }
  }

  private HubSnapshot fetch(
      HubCache.Repository repository, String revision, Listing listing, Part part) {
    List<String> names = names(listing);
    ModelFiles chosen = ModelFiles.of(part, repository.name(), names);
    chosen.files().forEach(file -> fetch(repository, listing, file));
    chosen
        .index()
        .map(index -> repository.file(listing.commit(), index))
        .map(index -> ModelFiles.shards(repository.name(), index))
        .ifPresent(shards -> shards.forEach(file -> fetch(repository, listing, file)));
    ModelFiles.candidates(part).stream()
        .filter(file -> !names.contains(file))
        .forEach(file -> repository.noteAbsent(listing.commit(), file));
    repository.note(revision, listing.commit());
    return snapshot(repository, listing.commit());
  }

  private void fetch(HubCache.Repository repository, Listing listing, String file) {
    String commit = listing.commit();
    Path there = repository.file(commit, file);
    try {
      if (repository.has(commit, file)) {
        long size =
            listing.files().stream()
                .filter(listed -> listed.name().equals(file))
                .findFirst()
                .map(Listed::size)
                .filter(known -> known.isPresent())
                .map(known -> known.getAsLong())
                .orElse(Files.size(there));
        if (size == Files.size(there)) {
          return;
        }
        listener.note(
            "%s has %d bytes instead of %d; fetched again"
                .formatted(there, Files.size(there), size));
        repository.discard(commit, file);
      }
    } catch (IOException e) {
      throw new InputException(there + " cannot be read: " + Shown.reason(e), e);
    }
    HubClient.FileHead head = client().head(repository.name(), commit, file);
    new BlobDownload(settings(), client(), repository, listener, file, head).into(commit);
  }

  private synchronized HubClient client() {
    if (client == null) {
      client = new HubClient(settings(), listener); // not for what the cache has
    }
    return client;
  }

  /** Whether of every file that may be asked for it is known whether it is there. */
  private static boolean isAllKnown(HubCache.Repository repository, String commit, Part part) {
    return ModelFiles.candidates(part).stream()
            .allMatch(
                file -> repository.has(commit, file) || repository.isKnownAbsent(commit, file))
        && isWhole(repository, commit, part);
  }

  /** Whether the files of a commit that are in the cache are a model, or what else is asked for. */
  private static boolean isWhole(HubCache.Repository repository, String commit, Part part) {
    try {
      ModelFiles chosen = ModelFiles.of(part, repository.name(), there(repository, commit));
      return chosen
          .index()
          .map(index -> ModelFiles.shards(repository.name(), repository.file(commit, index)))
          .orElse(List.of())
          .stream()
          .allMatch(file -> repository.has(commit, file));
    } catch (InputException e) {
      return false;
    }
  }

  private static List<String> there(HubCache.Repository repository, String commit) {
    Path folder = repository.snapshot(commit);
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> folder.relativize(file).toString())
          .collect(Collectors.toList());
    } catch (IOException e) {
      throw new InputException(folder + " cannot be read: " + Shown.reason(e), e);
    }
  }

  private static HubSnapshot chosen(HubCache.Repository repository, String commit, Part part) {
    ModelFiles.of(part, repository.name(), there(repository, commit));
    return snapshot(repository, commit);
  }

  private static HubSnapshot snapshot(HubCache.Repository repository, String commit) {
    return new HubSnapshot(repository.name().id(), commit, repository.snapshot(commit));
  }
}
