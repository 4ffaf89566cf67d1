package dev.rankspark.jobs;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;

/**
 * A hub on this machine with the project's own small models and data under names: {@code org/base},
 * {@code org/adapter} (which names {@code org/base}), and the data sets {@code org/queries} and
 * {@code org/corpus}. {@code pipeline} has the tests of what a hub may do beside that.
 */
public final class ReferenceHub implements AutoCloseable {
  private static final JsonMapper JSON = new JsonMapper();

  private final HttpServer server;
  private final Map<String, Map<String, byte[]>> repositories = new ConcurrentHashMap<>();
  private final List<String> fetched = new CopyOnWriteArrayList<>();

  private ReferenceHub() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(
        Executors.newCachedThreadPool(
            task -> {
              Thread thread = new Thread(task, "reference-hub");
              thread.setDaemon(true);
              return thread;
            }));
    server.createContext("/", this::answer);
  }

  /** Starts it. */
  public static ReferenceHub start() {
    try {
      ReferenceHub hub = new ReferenceHub();
      hub.repositories.put("models/org/base", files("base"));
      Map<String, byte[]> adapter = files("adapter");
      ObjectNode config = (ObjectNode) JSON.readTree(adapter.get("adapter_config.json"));
      config.put("base_model_name_or_path", "org/base");
      adapter.put("adapter_config.json", JSON.writeValueAsBytes(config));
      hub.repositories.put("models/org/adapter", adapter);
      hub.add("org/queries", "dl19.tsv", Path.of(Cli.reference("data/queries.tsv")));
      hub.add("org/corpus", "corpus.jsonl", Path.of(Cli.reference("data/corpus.jsonl")));
      hub.add("BeIR/tiny-qrels", "test.tsv", Path.of(Cli.reference("data/qrels.txt")));
      hub.server.start();
      return hub;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Puts up a data set of one file. */
  public void add(String dataset, String file, Path content) throws IOException {
    repositories.put(
        "datasets/" + dataset,
        new TreeMap<>(Map.of(file, Files.readAllBytes(content), "README.md", new byte[0])));
  }

  private static Map<String, byte[]> files(String folder) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    try (var paths = Files.list(Path.of(Cli.reference(folder)))) {
      for (Path path : paths.toList()) {
        files.put(path.getFileName().toString(), Files.readAllBytes(path));
      }
    }
    return files;
  }

  /** Variables of a process that knows this hub alone, and has its cache in a folder. */
  public Map<String, String> environment(Path home) {
    return Map.of(
        "HF_ENDPOINT",
        "http://127.0.0.1:" + server.getAddress().getPort(),
        "HF_HOME",
        home.toString(),
        "HF_HUB_OFFLINE",
        "0",
        "HF_HUB_DISABLE_XET",
        "1",
        "NO_PROXY",
        "127.0.0.1");
  }

  /** What was fetched: repository and file. */
  public List<String> fetched() {
    return fetched;
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String[] api = path.replaceFirst("^/api/", "").split("/revision/", 2);
    if (path.startsWith("/api/") && api.length == 2 && repositories.containsKey(api[0])) {
      list(exchange, api[0]);
      return;
    }
    String[] parts = path.substring(1).split("/resolve/", 2);
    String repository = parts[0].startsWith("datasets/") ? parts[0] : "models/" + parts[0];
    String file = parts.length == 2 ? parts[1].replaceFirst("^[^/]*/", "") : "";
    byte[] bytes = repositories.getOrDefault(repository, Map.of()).get(file);
    if (bytes == null) {
      boolean isThere = repositories.containsKey(repository);
      exchange.getResponseHeaders().set("X-Error-Code", isThere ? "EntryNotFound" : "RepoNotFound");
      exchange.getResponseHeaders().set("X-Repo-Commit", commit(repository));
      exchange.sendResponseHeaders(isThere ? 404 : 401, -1);
      exchange.close();
      return;
    }
    exchange.getResponseHeaders().set("X-Repo-Commit", commit(repository));
    exchange.getResponseHeaders().set("ETag", "\"" + sum("SHA-256", bytes) + "\"");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().set("Content-Length", Integer.toString(bytes.length));
      exchange.sendResponseHeaders(200, -1);
    } else {
      fetched.add(repository + " " + file);
      exchange.sendResponseHeaders(200, bytes.length == 0 ? -1 : bytes.length);
      exchange.getResponseBody().write(bytes);
    }
    exchange.close();
  }

  private void list(HttpExchange exchange, String repository) throws IOException {
    ObjectNode answer = JSON.createObjectNode().put("sha", commit(repository));
    answer.put("id", repository.replaceFirst("^[^/]*/", ""));
    ArrayNode siblings = answer.putArray("siblings");
    repositories
        .get(repository)
        .forEach(
            (file, bytes) -> siblings.addObject().put("rfilename", file).put("size", bytes.length));
    byte[] bytes = JSON.writeValueAsBytes(answer);
    exchange.sendResponseHeaders(200, bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  /** A name for what is there. */
  public static String commit(String repository) {
    return sum("SHA-1", repository.getBytes(StandardCharsets.UTF_8));
  }

  private static String sum(String algorithm, byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
