package dev.rankspark.hub;

import dev.rankspark.InputException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The proxies that an environment names, in either case of letters: {@code HTTPS_PROXY}, {@code
 * HTTP_PROXY}, {@code ALL_PROXY}, and whom to reach without one, {@code NO_PROXY}. Where none is
 * named, those of the JVM's own settings.
 *
 * @param http for addresses of http
 * @param https for addresses of https
 * @param without hosts, and domains with all below them; {@code *} is all
 */
public record HubProxies(Optional<Via> http, Optional<Via> https, List<String> without) {

  /**
   * A proxy.
   *
   * @param authorization what it is told about the user, if its address has that
   */
  public record Via(String variable, String host, int port, Optional<String> authorization) {
    @Override
    public String toString() {
      return host + ":" + port;
    }
  }

  public HubProxies {
    without = List.copyOf(without);
  }

  /** None. */
  public static HubProxies none() {
    return new HubProxies(Optional.empty(), Optional.empty(), List.of());
  }

  static HubProxies of(Map<String, String> environment) {
    return new HubProxies(
        via(environment, "http_proxy"),
        via(environment, "https_proxy"),
        value(environment, "no_proxy").stream()
            .flatMap(list -> Arrays.stream(list.split(",")))
            .map(host -> host.strip().toLowerCase(Locale.ROOT))
            .filter(host -> !host.isEmpty())
            .toList());
  }

  private static Optional<Via> via(Map<String, String> environment, String name) {
    for (String variable : List.of(name, "all_proxy")) {
      Optional<String> value = value(environment, variable);
      if (value.isPresent()) {
        return Optional.of(parse(variable.toUpperCase(Locale.ROOT), value.get()));
      }
    }
    return Optional.empty();
  }

  /** The lower case wins, as with curl. */
  private static Optional<String> value(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name))
        .filter(text -> !text.isBlank())
        .or(() -> Optional.ofNullable(environment.get(name.toUpperCase(Locale.ROOT))))
        .map(String::strip)
        .filter(text -> !text.isEmpty());
  }

  private static Via parse(String variable, String text) {
    try {
      URI uri = new URI(text.contains("://") ? text : "http://" + text);
      String scheme = uri.getScheme().toLowerCase(Locale.ROOT);
      if (scheme.equals("http") && uri.getHost() != null) {
        return new Via(
            variable,
            uri.getHost(),
            uri.getPort() < 0 ? 80 : uri.getPort(),
            Optional.ofNullable(uri.getUserInfo())
                .map(
                    user ->
                        "Basic "
                            + Base64.getEncoder()
                                .encodeToString(user.getBytes(StandardCharsets.UTF_8))));
      }
    } catch (URISyntaxException e) {
      // said below, without the address: it may have a password
    }
    throw InputException.of(
        "%s: expected http://HOST:PORT, the address of an HTTP proxy; those of another kind (SOCKS,"
            + " TLS) are not spoken to",
        variable);
  }

  /** The proxy on the way to an address. */
  Optional<Via> to(URI address) {
    Optional<Via> via = address.getScheme().equals("https") ? https : http;
    return via.filter(proxy -> !isWithout(address));
  }

  private boolean isWithout(URI address) {
    String host = address.getHost().toLowerCase(Locale.ROOT);
    int usual = address.getScheme().equals("https") ? 443 : 80;
    String port = ":" + (address.getPort() < 0 ? usual : address.getPort());
    return without.stream()
        .map(entry -> entry.endsWith(port) ? entry.substring(0, entry.lastIndexOf(':')) : entry)
        .map(entry -> entry.startsWith(".") ? entry.substring(1) : entry)
        .anyMatch(entry -> entry.equals("*") || host.equals(entry) || host.endsWith("." + entry));
  }

  /** For Java's client. */
  ProxySelector selector() {
    ProxySelector others = ProxySelector.getDefault();
    boolean isSaid = http.isPresent() || https.isPresent();
    return new ProxySelector() {
      @Override
      public List<Proxy> select(URI uri) {
        if (!isSaid && others != null) {
          return others.select(uri);
        }
        return List.of(
            to(uri)
                .map(
                    via ->
                        new Proxy(Proxy.Type.HTTP, new InetSocketAddress(via.host(), via.port())))
                .orElse(Proxy.NO_PROXY));
      }

      @Override
      public void connectFailed(URI uri, SocketAddress address, IOException failure) {
        // the request fails, and says so
      }
    };
  }
}
