package dev.rankspark.hub;

import dev.rankspark.files.Shown;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Optional;
import javax.net.ssl.SSLException;

/**
 * What went wrong between a hub and us, in a line for a person, with the hub's own advice where it
 * gives one.
 *
 * @param revision that was asked for; empty for a file's own address
 * @param file that was asked for; empty for the repository
 */
record HubFailures(HubSettings settings, RepositoryName repository, String revision, String file) {
  private static final int NOT_AUTHENTICATED = 401;
  private static final int FORBIDDEN = 403;
  private static final int NOT_FOUND = 404;
  private static final int TOO_MANY = 429;

  private static final String WRONG_TOKEN = "Invalid credentials in Authorization header";

  /** An answer that is no success. */
  HubException refused(HttpResponse<?> response) {
    int status = response.statusCode();
    String code = header(response, "X-Error-Code").orElse("");
    Optional<String> advice = header(response, "X-Error-Message").map(Shown::text);
    return switch (code) {
      case "GatedRepo" ->
          HubException.refused(
              "%s is gated: %s; ask for access at %s and give its token as HF_TOKEN%s"
                  .formatted(
                      repository,
                      ended(advice.orElse("access to it is restricted")),
                      page(),
                      settings.token().isPresent() ? " (the one that was given does not do)" : ""));
      case "RevisionNotFound" ->
          HubException.absent(
              "%s has no revision \"%s\"; its branches and tags are at %s/tree/main"
                  .formatted(repository, Shown.text(revision), page()));
      case "EntryNotFound" ->
          HubException.absent("%s has no file %s".formatted(repository, Shown.text(file)));
      case "RepoNotFound" -> noRepository();
      default -> byStatus(response, status, advice);
    };
  }

  private HubException byStatus(HttpResponse<?> response, int status, Optional<String> advice) {
    String host = response.uri().getAuthority();
    if (status == NOT_AUTHENTICATED && advice.filter(WRONG_TOKEN::equals).isPresent()) {
      return HubException.refused(
          "%s refused the token (%s): give another as HF_TOKEN, or none, or log in anew by \"hf auth"
                  .formatted(host, advice.get())
              + " login\"");
    }
    if (status == NOT_FOUND && !file.isEmpty()) {
      return HubException.absent(
          "%s has no file %s, says %s".formatted(repository, Shown.text(file), host));
    }
    if (status == NOT_AUTHENTICATED || status == NOT_FOUND) {
      return noRepository();
    }
    if (status == FORBIDDEN) {
      return HubException.refused(
          "%s: %s forbids it%s; see that the token of HF_TOKEN may read it"
              .formatted(repository, host, advice.map(text -> ": " + ended(text)).orElse("")));
    }
    String said = advice.map(text -> " (" + text + ")").orElse("");
    if (status == TOO_MANY) {
      return HubException.passing(
          "%s cannot be fetched: %s has had too many requests from here%s; wait, or give a token as"
                  .formatted(repository, host, said)
              + " HF_TOKEN, which may ask more often",
          null);
    }
    String message =
        "%s cannot be fetched: %s answered %d%s".formatted(repository, host, status, said);
    return status / 100 == 5 || status == 408
        ? HubException.passing(message + "; run it again later", null)
        : HubException.unavailable(message, null);
  }

  private HubException noRepository() {
    return HubException.refused(
        "%s is not a %s at %s, or a private one%s"
            .formatted(
                repository,
                repository.kind(),
                settings.host(),
                settings.token().isPresent()
                    ? " that the token of HF_TOKEN may not read"
                    : ", for which a token must be given as HF_TOKEN or by \"hf auth login\""));
  }

  private String page() {
    return settings.endpoint() + "/" + repository.path();
  }

  private static String ended(String text) {
    return text.replaceFirst("[.;\\s]+$", "");
  }

  /** No answer. */
  HubException unreachable(IOException failure) {
    String way =
        settings
            .proxies()
            .to(URI.create(settings.endpoint()))
            .map(proxy -> " by the proxy " + proxy + " (" + proxy.variable() + ")")
            .orElse("");
    String message =
        "%s cannot be fetched: %s was not reached%s: %s"
            .formatted(repository, settings.host(), way, reason(failure));
    if (failure instanceof SSLException) {
      return HubException.unavailable(
          message
              + "; where a company's proxy has a certificate of its own, give Java a store with it:"
              + " JAVA_TOOL_OPTIONS=-Djavax.net.ssl.trustStore=FILE",
          failure);
    }
    String remedy =
        "; without a network, put the files into "
            + settings.cache()
            + " by \"hf download"
            + (repository.kind() == RepositoryName.Kind.DATASET ? " --repo-type dataset " : " ")
            + repository.id()
            + "\" where there is one, or name a local directory";
    return failure instanceof ConnectException && isUnknownHost(failure)
        ? HubException.unavailable(message + remedy, failure)
        : HubException.passing(message + remedy, failure);
  }

  private static boolean isUnknownHost(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof UnresolvedAddressException) {
        return true;
      }
    }
    return false;
  }

  private static String reason(IOException failure) {
    if (isUnknownHost(failure)) {
      return "no such host is known";
    }
    if (failure instanceof HttpConnectTimeoutException || failure instanceof HttpTimeoutException) {
      return "no answer in time";
    }
    if (failure instanceof ConnectException && failure.getMessage() == null) {
      return "the connection was refused";
    }
    return Shown.reason(failure);
  }

  /** A header that is there and says something. */
  static Optional<String> header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).filter(value -> !value.isBlank());
  }
}
