package dev.rankspark.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a hub is asked, by HTTP. A request that fails on the way, or that the hub cannot serve now,
 * is made again, a few times. The token goes to the hub's own host alone, whoever it redirects to.
 */
final class HubClient {
  private static final int MOST_REDIRECTS = 10;

  /** Tries of a request, after the first one. */
  static final int RETRIES = 5;

  /** The hub may ask for so much patience, and no more. */
  private static final Duration LONGEST_WAIT = Duration.ofMinutes(5);

  /** A pause that a person wonders about. */
  private static final Duration WORTH_SAYING = Duration.ofSeconds(5);

  private static final int TIMEOUT_STATUS = 408;
  private static final int TOO_MANY = 429;
  private static final Set<Integer> NOT_NOW = Set.of(TIMEOUT_STATUS, TOO_MANY, 500, 502, 503, 504);
  private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);

  private static final Pattern RATE_LIMIT = Pattern.compile("(?:^|;)\\s*t=(\\d+)");

  private static final String TUNNELS = "jdk.http.auth.tunneling.disabledSchemes";

  private static final JsonMapper JSON = new JsonMapper();

  static {
    // Java tells a proxy no password for https unless it is allowed to, before its client is
    // loaded.
    if (System.getProperty(TUNNELS) == null) {
      System.setProperty(TUNNELS, "");
    }
  }

  private final HubSettings settings;
  private final DownloadListener listener;
  private final HttpClient http;

  HubClient(HubSettings settings, DownloadListener listener) {
    this.settings = settings;
    this.listener = listener;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(settings.timeout())
            .proxy(settings.proxies().selector())
            .build();
  }

  /**
   * A file of a repository.
   *
   * @param size in bytes, where the hub says it
   */
  record Listed(String name, OptionalLong size) {}

  /** The files of a repository at the commit that a revision is. */
  record Listing(String commit, List<Listed> files) {}

  /**
   * A file as its address says it.
   *
   * @param etag its sum: SHA-256 of a large file, git's of another
   * @param size in bytes
   */
  record FileHead(String etag, long size) {}

  /**
   * The files of a repository.
   *
   * @param retries how often it is asked again
   * @throws HubException if the hub refuses, or cannot be reached
   */
  Listing list(RepositoryName repository, String revision, int retries) {
    URI address =
        address(
            "/api/"
                + repository.kind().plural()
                + "/"
                + repository.id()
                + "/revision/"
                + quoted(revision)
                + "?blobs=true");
    HttpResponse<byte[]> response =
        ask(repository, revision, "", request("GET", address), BodyHandlers.ofByteArray(), retries);
    try {
      JsonNode json = JSON.readTree(response.body());
      String commit = json.path("sha").asText();
      if (!HubCache.isCommit(commit)) {
        throw noHub(repository, address, "no commit in its answer");
      }
      List<Listed> files = new ArrayList<>();
      for (JsonNode file : json.path("siblings")) {
        String name = file.path("rfilename").asText();
        if (isPlain(name)) { // or no file of ours
          JsonNode size = file.path("size");
          files.add(
              new Listed(
                  name,
                  size.isIntegralNumber() ? OptionalLong.of(size.asLong()) : OptionalLong.empty()));
        }
      }
      return new Listing(commit, List.copyOf(files));
    } catch (JsonProcessingException e) {
      throw noHub(repository, address, "no JSON");
    } catch (IOException e) {
      throw new IllegalStateException(e); // out of memory, which does not fail
    }
  }

  /** A path below a folder, and no way out of it. */
  static boolean isPlain(String name) {
    return !name.isEmpty()
        && !name.startsWith("/")
        && name.chars().noneMatch(c -> c == '\\' || c < ' ')
        && List.of(name.split("/", -1)).stream()
            .noneMatch(part -> part.isEmpty() || part.equals(".") || part.equals(".."));
  }

  /**
   * What a file is.
   *
   * @throws HubException if the hub refuses, or cannot be reached
   */
  FileHead head(RepositoryName repository, String commit, String file) {
    URI address = address(repository, commit, file);
    HttpResponse<Void> response =
        ask(
            repository,
            commit,
            file,
            request("HEAD", address).setHeader("Accept-Encoding", "identity"),
            BodyHandlers.discarding(),
            RETRIES);
    boolean isElsewhere = REDIRECTS.contains(response.statusCode());
    String etag =
        HubFailures.header(response, "X-Linked-Etag")
            .or(() -> HubFailures.header(response, "ETag"))
            .map(HubClient::normalized)
            .orElse("");
    OptionalLong size =
        number(
            HubFailures.header(response, "X-Linked-Size")
                .or(
                    () ->
                        isElsewhere
                            ? Optional.empty()
                            : HubFailures.header(response, "Content-Length")));
    if (!etag.matches("[\\w.-]{1,128}") || etag.startsWith(".") || size.isEmpty()) {
      throw noHub(repository, address, "no size or no sum (ETag) of the file");
    }
    return new FileHead(etag, size.getAsLong());
  }

  /**
   * Begins to read a file. It is asked of the hub each time, who says where it lies just now: such
   * addresses hold for an hour or so.
   *
   * @param offset from which byte on
   * @throws HubException if the hub or who serves its files refuses, or cannot be reached
   */
  HttpResponse<InputStream> get(
      RepositoryName repository, String commit, String file, long offset) {
    HttpRequest.Builder request =
        request("GET", address(repository, commit, file)).setHeader("Accept-Encoding", "identity");
    if (offset > 0) {
      request.setHeader("Range", "bytes=" + offset + "-");
    }
    return ask(repository, commit, file, request, BodyHandlers.ofInputStream(), RETRIES);
  }

  /** {@code W/"abc"} is {@code abc}. */
  private static String normalized(String etag) {
    return etag.replaceFirst("^[W/]+", "").replaceAll("^\"+|\"+$", "");
  }

  private URI address(RepositoryName repository, String commit, String file) {
    return address("/" + repository.path() + "/resolve/" + quoted(commit) + "/" + quotedPath(file));
  }

  private URI address(String path) {
    return URI.create(settings.endpoint() + path);
  }

  private HttpRequest.Builder request(String method, URI address) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(address)
            .method(method, HttpRequest.BodyPublishers.noBody())
            .timeout(settings.timeout())
            .setHeader("User-Agent", "rankspark; java/" + Runtime.version().feature());
    settings
        .proxies()
        .to(address)
        .flatMap(HubProxies.Via::authorization)
        .ifPresent(user -> request.setHeader("Proxy-Authorization", user));
    boolean isHub = URI.create(settings.endpoint()).getAuthority().equals(address.getAuthority());
    if (isHub && address.getScheme().equals(URI.create(settings.endpoint()).getScheme())) {
      settings.token().ifPresent(token -> request.setHeader("Authorization", "Bearer " + token));
    }
    return request;
  }

  /**
   * Makes a request until it is answered for good. A redirect of a {@code HEAD} to another host is
   * an answer: what the hub says of the file stands beside it.
   */
  private <T> HttpResponse<T> ask(
      RepositoryName repository,
      String revision,
      String file,
      HttpRequest.Builder first,
      HttpResponse.BodyHandler<T> body,
      int retries) {
    HubFailures failures = new HubFailures(settings, repository, revision, file);
    Duration pause = settings.pause();
    for (int left = retries; ; left--) {
      Duration wait = pause;
      HubException failure;
      try {
        HttpResponse<T> response = follow(first, body);
        if (response.statusCode() / 100 == 2 || REDIRECTS.contains(response.statusCode())) {
          return response;
        }
        failure = failures.refused(response);
        if (!NOT_NOW.contains(response.statusCode())) {
          throw failure;
        }
        wait = askedFor(response).orElse(pause);
      } catch (IOException e) {
        failure = failures.unreachable(e);
      }
      if (left <= 0 || wait.compareTo(LONGEST_WAIT) > 0 || !failure.isPassing()) {
        throw failure;
      }
      if (wait.compareTo(WORTH_SAYING) >= 0) {
        listener.note(settings.host() + " asks to wait " + wait.toSeconds() + " s");
      }
      sleep(wait);
      pause = pause.multipliedBy(2);
    }
  }

  static void sleep(Duration duration) {
    try {
      Thread.sleep(duration.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InputException("interrupted while waiting for the hub", e);
    }
  }

  private <T> HttpResponse<T> follow(HttpRequest.Builder first, HttpResponse.BodyHandler<T> body)
      throws IOException {
    HttpRequest request = first.build();
    for (int redirects = 0; ; redirects++) {
      HttpResponse<T> response = send(request, body);
      if (!REDIRECTS.contains(response.statusCode())) {
        return response;
      }
      URI next = request.uri().resolve(HubFailures.header(response, "Location").orElse(""));
      boolean isSame = next.getAuthority().equals(request.uri().getAuthority());
      if (request.method().equals("HEAD") && !isSame) {
        return response;
      }
      if (redirects == MOST_REDIRECTS || !Set.of("http", "https").contains(next.getScheme())) {
        throw new IOException("redirects without an end");
      }
      if (response.body() instanceof InputStream stream) {
        stream.close();
      }
      HttpRequest.Builder redirected = request(request.method(), next);
      request
          .headers()
          .firstValue("Range")
          .ifPresent(range -> redirected.setHeader("Range", range));
      request = redirected.setHeader("Accept-Encoding", "identity").build();
    }
  }

  private <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> body)
      throws IOException {
    try {
      return http.send(request, body);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InputException("interrupted while waiting for the hub", e);
    }
  }

  /** {@code Retry-After}, or what newer hubs say instead. */
  private static Optional<Duration> askedFor(HttpResponse<?> response) {
    Optional<String> after = HubFailures.header(response, "Retry-After");
    if (after.isPresent()) {
      OptionalLong seconds = number(after);
      if (seconds.isPresent()) {
        return Optional.of(Duration.ofSeconds(seconds.getAsLong()));
      }
      try {
        Instant at =
            ZonedDateTime.parse(after.get(), DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
        Duration until = Duration.between(Instant.now(), at);
        return Optional.of(until.isNegative() ? Duration.ZERO : until);
      } catch (DateTimeParseException e) {
        return Optional.empty();
      }
    }
    return HubFailures.header(response, "RateLimit")
        .map(RATE_LIMIT::matcher)
        .filter(Matcher::find)
        .map(matcher -> Duration.ofSeconds(Long.parseLong(matcher.group(1))));
  }

  private static OptionalLong number(Optional<String> text) {
    return text.filter(value -> value.matches("\\d{1,18}"))
        .map(value -> OptionalLong.of(Long.parseLong(value)))
        .orElseGet(OptionalLong::empty);
  }

  private HubException noHub(RepositoryName repository, URI address, String what) {
    return HubException.unavailable(
        repository
            + " cannot be looked up: the answer of "
            + Shown.text(address.toString())
            + " is not a hub's ("
            + what
            + "); see to HF_ENDPOINT, or to a proxy or firewall on the way",
        null);
  }

  private static String quoted(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  private static String quotedPath(String file) {
    return quoted(file).replace("%2F", "/");
  }
}
