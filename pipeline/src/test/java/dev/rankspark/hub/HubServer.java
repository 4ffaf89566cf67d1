package dev.rankspark.hub;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A hub on this machine: it speaks the protocol of Hugging Face's, small files itself and large
 * ones by a redirect to another host and port, and fails as it is told to.
 */
final class HubServer implements AutoCloseable {
  static final String TOKEN = "hf_secret";

  /** What a request was. */
  record Request(String method, String path, Optional<String> token, Optional<String> range) {}

  /** How an answer fails, once. */
  sealed interface Fault {
    /** Another answer. */
    record Status(int code, Map<String, String> headers) implements Fault {}

    /** The connection ends after so many bytes. */
    record Cut(int bytes) implements Fault {}

    /** A byte is another. */
    record Wrong() implements Fault {}

    /** From the beginning, whatever was asked for. */
    record NoRange() implements Fault {}

    /** No answer. */
    record Silence() implements Fault {}
  }

  /** A repository at one commit. */
  static final class Repository {
    final Map<String, byte[]> files = new TreeMap<>();
    final String commit;
    boolean isGated;

    private Repository(String commit) {
      this.commit = commit;
    }

    Repository with(String file, String text) {
      return with(file, text.getBytes(StandardCharsets.UTF_8));
    }

    Repository with(String file, byte[] bytes) {
      files.put(file, bytes);
      return this;
    }
  }

  private final HttpServer hub;
  private final HttpServer elsewhere;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, Repository> repositories = new ConcurrentHashMap<>();
  private final Map<String, Deque<Fault>> faults = new ConcurrentHashMap<>();
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final List<Request> elsewhereRequests = new CopyOnWriteArrayList<>();

  HubServer() throws IOException {
    hub = start(this::answer);
    elsewhere = start(this::answerElsewhere);
  }

  private HttpServer start(com.sun.net.httpserver.HttpHandler handler) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", handler);
    server.start();
    return server;
  }

  String endpoint() {
    return "http://127.0.0.1:" + hub.getAddress().getPort();
  }

  /** The requests to the hub itself. */
  List<Request> requests() {
    return requests;
  }

  /** Those to the host of the large files. */
  List<Request> elsewhere() {
    return elsewhereRequests;
  }

  void forget() {
    requests.clear();
    elsewhereRequests.clear();
  }

  /**
   * A repository, under a branch.
   *
   * @param address {@code models/org/name@main}
   */
  Repository add(String address, String commit) {
    Repository repository = new Repository(commit);
    repositories.put(address, repository);
    return repository;
  }

  Repository model(String id) {
    return add("models/" + id + "@main", sum("SHA-1", id.getBytes(StandardCharsets.UTF_8)));
  }

  Repository dataset(String id) {
    return add("datasets/" + id + "@main", sum("SHA-1", id.getBytes(StandardCharsets.UTF_8)));
  }

  /** The next answers about a file, or about a repository where that is empty, in their order. */
  void fail(String file, Fault... next) {
    faults.computeIfAbsent(file, any -> new ArrayDeque<>()).addAll(Arrays.asList(next));
  }

  private synchronized Optional<Fault> fault(String file) {
    Deque<Fault> next = faults.get(file);
    return next == null || next.isEmpty() ? Optional.empty() : Optional.of(next.remove());
  }

  private void answer(HttpExchange exchange) throws IOException {
    note(exchange, requests);
    String path = exchange.getRequestURI().getRawPath();
    if (path.startsWith("/api/")) {
      list(exchange, path);
      return;
    }
    // /org/name/resolve/COMMIT/file, /datasets/org/name/resolve/COMMIT/file
    String[] parts = path.substring(1).split("/resolve/", 2);
    String id = parts[0].startsWith("datasets/") ? parts[0] : "models/" + parts[0];
    String file = decoded(parts[1].substring(parts[1].indexOf('/') + 1));
    String commit = parts[1].substring(0, parts[1].indexOf('/'));
    Optional<Repository> found =
        repositories.entrySet().stream()
            .filter(entry -> entry.getKey().startsWith(id + "@"))
            .map(Map.Entry::getValue)
            .filter(repository -> repository.commit.equals(commit))
            .findFirst();
    if (found.isEmpty()) {
      error(exchange, 404, "RevisionNotFound", "Invalid rev id: " + commit);
    } else if (found.get().isGated && !isKnown(exchange)) {
      gated(exchange, id);
    } else if (!found.get().files.containsKey(file)) {
      error(exchange, 404, "EntryNotFound", "Entry not found");
    } else {
      send(exchange, found.get(), file);
    }
  }

  private static boolean isKnown(HttpExchange exchange) {
    return ("Bearer " + TOKEN).equals(exchange.getRequestHeaders().getFirst("Authorization"));
  }

  private static void gated(HttpExchange exchange, String id) throws IOException {
    error(
        exchange,
        exchange.getRequestHeaders().containsKey("Authorization") ? 403 : 401,
        "GatedRepo",
        "Access to " + id.replaceFirst("s/", " ") + " is restricted. You must be authenticated.");
  }

  private void send(HttpExchange exchange, Repository repository, String file) throws IOException {
    byte[] bytes = repository.files.get(file);
    exchange.getResponseHeaders().set("X-Repo-Commit", repository.commit);
    boolean isHead = exchange.getRequestMethod().equals("HEAD");
    if (isLarge(file)) {
      String sum = sum("SHA-256", bytes);
      exchange.getResponseHeaders().set("X-Linked-Etag", "\"" + sum + "\"");
      exchange.getResponseHeaders().set("X-Linked-Size", Integer.toString(bytes.length));
      exchange
          .getResponseHeaders()
          .set(
              "Location",
              "http://127.0.0.1:" + elsewhere.getAddress().getPort() + "/" + sum + "?" + file);
      exchange.sendResponseHeaders(302, -1);
      exchange.close();
      return;
    }
    exchange.getResponseHeaders().set("ETag", "W/\"" + gitSum(bytes) + "\"");
    if (isHead) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(bytes.length));
      exchange.sendResponseHeaders(200, -1);
      exchange.close();
    } else {
      body(exchange, bytes, file);
    }
  }

  static boolean isLarge(String file) {
    return file.matches(".*\\.(safetensors|bin|gz|parquet|pt)");
  }

  private void answerElsewhere(HttpExchange exchange) throws IOException {
    note(exchange, elsewhereRequests);
    String file = exchange.getRequestURI().getQuery();
    String sum = exchange.getRequestURI().getPath().substring(1);
    byte[] bytes =
        repositories.values().stream()
            .map(repository -> repository.files.get(file))
            .filter(found -> found != null && sum("SHA-256", found).equals(sum))
            .findFirst()
            .orElseThrow();
    body(exchange, bytes, file);
  }

  private void body(HttpExchange exchange, byte[] bytes, String file) throws IOException {
    Optional<Fault> fault = fault(file);
    if (fault.isPresent() && fault.get() instanceof Fault.Status status) {
      status(exchange, status);
      return;
    }
    if (fault.isPresent() && fault.get() instanceof Fault.Silence) {
      sleep();
    }
    String range = exchange.getRequestHeaders().getFirst("Range");
    int from = 0;
    if (range != null && !(fault.isPresent() && fault.get() instanceof Fault.NoRange)) {
      from = Integer.parseInt(range.replaceAll("\\D", ""));
      exchange
          .getResponseHeaders()
          .set("Content-Range", "bytes " + from + "-" + (bytes.length - 1) + "/" + bytes.length);
    }
    byte[] rest = Arrays.copyOfRange(bytes, from, bytes.length);
    if (fault.isPresent() && fault.get() instanceof Fault.Wrong) {
      rest[rest.length / 2] ^= 1;
    }
    boolean isCut = fault.isPresent() && fault.get() instanceof Fault.Cut;
    exchange.sendResponseHeaders(
        exchange.getResponseHeaders().containsKey("Content-Range") ? 206 : 200, rest.length);
    OutputStream out = exchange.getResponseBody();
    out.write(rest, 0, isCut ? ((Fault.Cut) fault.get()).bytes() : rest.length);
    out.flush();
    exchange.close();
  }

  private void list(HttpExchange exchange, String path) throws IOException {
    // /api/models/org/name/revision/REVISION
    String[] parts = path.substring("/api/".length()).split("/revision/", 2);
    String revision = decoded(parts[1]);
    Optional<Fault> fault = fault("");
    if (fault.isPresent() && fault.get() instanceof Fault.Status status) {
      status(exchange, status);
      return;
    }
    Repository repository = repositories.get(parts[0] + "@" + revision);
    boolean isThere =
        repositories.keySet().stream().anyMatch(key -> key.startsWith(parts[0] + "@"));
    for (Map.Entry<String, Repository> entry : repositories.entrySet()) {
      if (entry.getKey().startsWith(parts[0] + "@") && entry.getValue().commit.equals(revision)) {
        repository = entry.getValue();
      }
    }
    if (!isThere) {
      error(exchange, 401, "RepoNotFound", "Repository not found");
    } else if (repository == null) {
      error(exchange, 404, "RevisionNotFound", "Invalid rev id: " + revision);
    } else {
      JsonMapper json = new JsonMapper();
      ObjectNode answer = json.createObjectNode().put("sha", repository.commit);
      ArrayNode siblings = answer.putArray("siblings");
      for (Map.Entry<String, byte[]> file : repository.files.entrySet()) {
        siblings.addObject().put("rfilename", file.getKey()).put("size", file.getValue().length);
      }
      byte[] bytes = json.writeValueAsBytes(answer);
      exchange.sendResponseHeaders(200, bytes.length);
      exchange.getResponseBody().write(bytes);
      exchange.close();
    }
  }

  private static void status(HttpExchange exchange, Fault.Status status) throws IOException {
    status.headers().forEach(exchange.getResponseHeaders()::set);
    exchange.sendResponseHeaders(status.code(), -1);
    exchange.close();
  }

  private static void error(HttpExchange exchange, int status, String code, String message)
      throws IOException {
    exchange.getResponseHeaders().set("X-Error-Code", code);
    exchange.getResponseHeaders().set("X-Error-Message", message);
    exchange.sendResponseHeaders(status, -1);
    exchange.close();
  }

  private static void note(HttpExchange exchange, List<Request> requests) {
    requests.add(
        new Request(
            exchange.getRequestMethod(),
            exchange.getRequestURI().getRawPath(),
            Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization")),
            Optional.ofNullable(exchange.getRequestHeaders().getFirst("Range"))));
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  private static void sleep() {
    try {
      Thread.sleep(3_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What git calls a file. */
  static String gitSum(byte[] bytes) {
    byte[] head = ("blob " + bytes.length + "\0").getBytes(StandardCharsets.UTF_8);
    byte[] all = Arrays.copyOf(head, head.length + bytes.length);
    System.arraycopy(bytes, 0, all, head.length, bytes.length);
    return sum("SHA-1", all);
  }

  static String sum(String algorithm, byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The files that were asked for, whoever had them. */
  List<String> fetched() {
    List<String> files = new ArrayList<>();
    for (Request request : requests) {
      if (request.method().equals("GET") && request.path().contains("/resolve/")) {
        files.add(request.path().replaceFirst(".*/resolve/[^/]*/", ""));
      }
    }
    return files;
  }

  @Override
  public void close() {
    hub.stop(0);
    elsewhere.stop(0);
    threads.shutdownNow();
  }
}
