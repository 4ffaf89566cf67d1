package dev.rankspark.hub;

import dev.rankspark.InputException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where names are looked up, as the environment says it to {@code huggingface_hub} and to
 * transformers.
 *
 * @param endpoint of the hub, without a slash at its end ({@code HF_ENDPOINT})
 * @param cache its folder on this machine ({@code HF_HUB_CACHE}, {@code HUGGINGFACE_HUB_CACHE},
 *     {@code HF_HOME}, {@code XDG_CACHE_HOME})
 * @param token of the user ({@code HF_TOKEN}, or in a file: {@code HF_TOKEN_PATH})
 * @param isOffline whether the hub is never asked ({@code HF_HUB_OFFLINE}, {@code
 *     TRANSFORMERS_OFFLINE})
 * @param links whether a snapshot's files are links ({@code HF_HUB_DISABLE_SYMLINKS} not set)
 * @param timeout how long the hub may be silent ({@code HF_HUB_DOWNLOAD_TIMEOUT})
 * @param pause before a request is tried a second time; it doubles with each further try
 * @param proxies between here and there
 */
public record HubSettings(
    String endpoint,
    Path cache,
    Optional<String> token,
    boolean isOffline,
    boolean links,
    Duration timeout,
    Duration pause,
    HubProxies proxies) {

  private static final String ENDPOINT = "https://huggingface.co";
  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private static final Set<String> YES = Set.of("1", "ON", "YES", "TRUE");

  /** Those of this process. */
  public static HubSettings ofEnvironment() {
    String home = System.getenv("HOME");
    return of(
        System.getenv(),
        Path.of(home == null || home.isBlank() ? System.getProperty("user.home") : home));
  }

  /**
   * Those of an environment.
   *
   * @param home the home directory
   * @throws InputException if a variable has a value that it cannot have
   */
  public static HubSettings of(Map<String, String> environment, Path home) {
    Variables variables = new Variables(environment, home);
    Path hfHome =
        variables
            .path("HF_HOME")
            .orElseGet(
                () ->
                    variables
                        .path("XDG_CACHE_HOME")
                        .orElse(home.resolve(".cache"))
                        .resolve("huggingface"));
    Path cache =
        variables
            .path("HF_HUB_CACHE")
            .or(() -> variables.path("HUGGINGFACE_HUB_CACHE"))
            .orElse(hfHome.resolve("hub"));
    return new HubSettings(
        endpoint(variables.text("HF_ENDPOINT").orElse(ENDPOINT)),
        cache.toAbsolutePath().normalize(),
        token(variables, hfHome),
        variables.isSet("HF_HUB_OFFLINE") || variables.isSet("TRANSFORMERS_OFFLINE"),
        !variables.isSet("HF_HUB_DISABLE_SYMLINKS"),
        variables.seconds("HF_HUB_DOWNLOAD_TIMEOUT").orElse(TIMEOUT),
        PAUSE,
        HubProxies.of(environment));
  }

  private static String endpoint(String text) {
    String endpoint = text.replaceFirst("/+$", "");
    try {
      URI uri = URI.create(endpoint);
      if (uri.getHost() != null && Set.of("http", "https").contains(uri.getScheme())) {
        return endpoint;
      }
    } catch (IllegalArgumentException e) {
      // said below
    }
    throw InputException.of("HF_ENDPOINT: expected an address such as %s, got %s", ENDPOINT, text);
  }

  private static Optional<String> token(Variables variables, Path hfHome) {
    Optional<String> given =
        variables.text("HF_TOKEN").or(() -> variables.text("HUGGING_FACE_HUB_TOKEN"));
    if (given.isPresent() || variables.isSet("HF_HUB_DISABLE_IMPLICIT_TOKEN")) {
      return given.map(HubSettings::checked);
    }
    Path file = variables.path("HF_TOKEN_PATH").orElse(hfHome.resolve("token"));
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(Files.readString(file).strip())
          .filter(text -> !text.isEmpty())
          .map(HubSettings::checked);
    } catch (IOException e) {
      throw new InputException(file + ": the hub's token cannot be read: " + e.getMessage(), e);
    }
  }

  /** A header cannot hold another; the token itself is for nobody's eyes. */
  private static String checked(String token) {
    if (!token.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
      throw new InputException(
          "HF_TOKEN (or the token's file): it has white space or characters that no token has");
    }
    return token;
  }

  /** These settings with another cache. */
  public HubSettings withCache(Path folder) {
    return new HubSettings(
        endpoint,
        folder.toAbsolutePath().normalize(),
        token,
        isOffline,
        links,
        timeout,
        pause,
        proxies);
  }

  /** The hub's host, for people. */
  public String host() {
    return URI.create(endpoint).getAuthority();
  }

  /** Without the token. */
  @Override
  public String toString() {
    return endpoint + ", cache " + cache + (isOffline ? ", offline" : "");
  }

  /** Variables as Python reads them: an empty one is not set. */
  private record Variables(Map<String, String> environment, Path home) {
    Optional<String> text(String name) {
      return Optional.ofNullable(environment.get(name))
          .map(String::strip)
          .filter(text -> !text.isEmpty());
    }

    Optional<Path> path(String name) {
      return text(name)
          .map(
              text ->
                  text.equals("~") || text.startsWith("~/")
                      ? home.resolve(text.substring(1).replaceFirst("^/+", ""))
                      : Path.of(text));
    }

    boolean isSet(String name) {
      return text(name).map(text -> YES.contains(text.toUpperCase(Locale.ROOT))).orElse(false);
    }

    Optional<Duration> seconds(String name) {
      return text(name)
          .map(
              text -> {
                if (!text.matches("[1-9]\\d{0,5}")) {
                  throw InputException.of("%s: expected whole seconds, got %s", name, text);
                }
                return Duration.ofSeconds(Long.parseLong(text));
              });
    }
  }
}
