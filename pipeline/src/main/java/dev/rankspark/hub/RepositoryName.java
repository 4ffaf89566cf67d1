package dev.rankspark.hub;

import dev.rankspark.files.Shown;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The name of a repository at a hub.
 *
 * @param kind what it holds
 * @param id {@code organisation/name}, or of some old ones the name alone
 */
public record RepositoryName(Kind kind, String id) {
  /** What a repository holds. */
  public enum Kind {
    MODEL("models"),
    DATASET("datasets");

    private final String plural;

    Kind(String plural) {
      this.plural = plural;
    }

    /** In addresses and in the names of the cache's folders. */
    String plural() {
      return plural;
    }

    @Override
    public String toString() {
      return this == DATASET ? "data set" : name().toLowerCase(Locale.ROOT);
    }
  }

  /** What {@code validate_repo_id} of {@code huggingface_hub} lets through. */
  private static final Pattern ALLOWED =
      Pattern.compile("(\\b[\\w\\-.]+\\b/)?\\b[\\w\\-.]{1,96}\\b");

  private static final String SEPARATOR = "--";

  public RepositoryName {
    Optional<String> problem = problem(id);
    if (problem.isPresent()) {
      throw new IllegalArgumentException(id + ": " + problem.get());
    }
  }

  /** Why a text is no name of a repository, if it is none. */
  public static Optional<String> problem(String id) {
    if (id.chars().filter(c -> c == '/').count() > 1) {
      return Optional.of("a name is ORGANISATION/NAME, with one slash");
    }
    if (!ALLOWED.matcher(id).matches()) {
      return Optional.of(
          "a name has letters, digits, \"-\", \"_\" and \".\", begins and ends with neither \"-\" nor"
              + " \".\", and has at most 96 of them after its slash");
    }
    if (id.contains(SEPARATOR) || id.contains("..")) {
      return Optional.of("a name has neither \"--\" nor \"..\" in it");
    }
    return id.endsWith(".git") ? Optional.of("a name does not end in .git") : Optional.empty();
  }

  /** The folder of the cache. */
  String folder() {
    return kind.plural() + SEPARATOR + id.replace("/", SEPARATOR);
  }

  /** What stands before a file's address. */
  String path() {
    return kind == Kind.DATASET ? "datasets/" + id : id;
  }

  @Override
  public String toString() {
    return Shown.text(id);
  }
}
