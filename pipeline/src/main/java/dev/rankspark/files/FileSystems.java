package dev.rankspark.files;

import dev.rankspark.InputException;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.file.AccessDeniedException;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.UnsupportedFileSystemException;
import org.apache.hadoop.net.ConnectTimeoutException;
import org.apache.hadoop.util.VersionInfo;

/** The file systems behind paths, and why one cannot be had. */
final class FileSystems {
  /** Which artifact reads a scheme that Spark does not bring; {@code %s} is Hadoop's version. */
  private static final Map<String, String> CONNECTORS =
      Map.ofEntries(
          Map.entry("s3a", "org.apache.hadoop:hadoop-aws:%s"),
          Map.entry("gs", "com.google.cloud.bigdataoss:gcs-connector:hadoop3-2.2.22"),
          Map.entry("abfs", "org.apache.hadoop:hadoop-azure:%s"),
          Map.entry("abfss", "org.apache.hadoop:hadoop-azure:%s"),
          Map.entry("wasb", "org.apache.hadoop:hadoop-azure:%s"),
          Map.entry("wasbs", "org.apache.hadoop:hadoop-azure:%s"),
          Map.entry("adl", "org.apache.hadoop:hadoop-azure-datalake:%s"),
          Map.entry("oss", "org.apache.hadoop:hadoop-aliyun:%s"),
          Map.entry("cosn", "org.apache.hadoop:hadoop-cos:%s"),
          Map.entry("obs", "org.apache.hadoop:hadoop-huaweicloud:%s"));

  private static final Set<String> OTHER_SCHEMES =
      Set.of(
          "file",
          "hdfs",
          "webhdfs",
          "swebhdfs",
          "viewfs",
          "har",
          "dbfs",
          "s3",
          "s3n",
          "http",
          "https",
          "ftp");

  /** How often a name node that does not answer is asked: Hadoop's default is 45 times 20 s. */
  private static final int TIMEOUTS = 2;

  private static final String RETRIES_ON_TIMEOUTS = "ipc.client.connect.max.retries.on.timeouts";
  private static final String DEFAULTS = "core-default.xml";

  private FileSystems() {}

  static boolean isScheme(String name) {
    return CONNECTORS.containsKey(name) || OTHER_SCHEMES.contains(name);
  }

  /**
   * The file system of a path.
   *
   * @param text the path as it was given, for messages
   */
  static FileSystem of(String text, Path path, Configuration hadoop) throws IOException {
    try {
      FileSystem system = path.getFileSystem(impatient(path, hadoop));
      return system instanceof LocalFileSystem local ? local.getRawFileSystem() : system;
    } catch (UnsupportedFileSystemException e) {
      throw without(text, scheme(path, hadoop), e);
    } catch (RuntimeException | LinkageError e) {
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (cause instanceof ClassNotFoundException || cause instanceof LinkageError) {
          throw without(text, scheme(path, hadoop), e);
        }
      }
      throw unreachable(text, e);
    }
  }

  /** Settings of the user's stay; Hadoop's default would have a command wait for minutes. */
  private static Configuration impatient(Path path, Configuration hadoop) {
    String[] sources = hadoop.getPropertySources(RETRIES_ON_TIMEOUTS);
    boolean isDefault = sources == null || (sources.length == 1 && sources[0].equals(DEFAULTS));
    if (!isDefault || !scheme(path, hadoop).equals("hdfs")) {
      return hadoop;
    }
    Configuration impatient = new Configuration(hadoop);
    impatient.setInt(RETRIES_ON_TIMEOUTS, TIMEOUTS);
    return impatient;
  }

  private static String scheme(Path path, Configuration hadoop) {
    String scheme = path.toUri().getScheme();
    return scheme == null ? String.valueOf(FileSystem.getDefaultUri(hadoop).getScheme()) : scheme;
  }

  private static InputException without(String text, String scheme, Throwable cause) {
    String remedy;
    if (CONNECTORS.containsKey(scheme)) {
      remedy =
          "its connector is not on the class path; add --packages "
              + CONNECTORS.get(scheme).formatted(VersionInfo.getVersion())
              + " to RANKSPARK_SPARK_ARGS or to spark-submit";
    } else if (scheme.equals("s3") || scheme.equals("s3n")) {
      remedy =
          "Hadoop's connector reads s3a://; write s3a:// and add --packages "
              + CONNECTORS.get("s3a").formatted(VersionInfo.getVersion())
              + " to RANKSPARK_SPARK_ARGS or to spark-submit";
    } else {
      remedy =
          "no file system is known for "
              + scheme
              + "://; add its connector by --packages or --jars to RANKSPARK_SPARK_ARGS or to"
              + " spark-submit";
    }
    return new InputException(text + " cannot be opened: " + remedy, cause);
  }

  /** A file system that does not answer, or refuses. */
  static InputException unreachable(String text, Throwable failure) {
    return new InputException(text + " cannot be opened: " + reason(failure), failure);
  }

  /** What went wrong, in the words of the cause that tells it best. */
  static String reason(Throwable failure) {
    Throwable last = failure;
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      last = cause;
      if (cause instanceof UnknownHostException) {
        return "the host of its address is not known (" + line(cause) + ")";
      }
      if (cause instanceof ConnectException
          || cause instanceof NoRouteToHostException
          || cause instanceof SocketTimeoutException
          || cause instanceof ConnectTimeoutException) {
        return "its host does not answer (" + line(cause) + ")";
      }
    }
    return line(last);
  }

  private static String line(Throwable cause) {
    if (cause instanceof AccessDeniedException) {
      return "permission denied"; // its message is the path alone
    }
    if (cause instanceof EOFException) {
      return "it ends too early"; // mostly without a message
    }
    String message = cause.getMessage();
    return message == null
        ? cause.getClass().getSimpleName()
        : message.strip().replaceAll("\\s*\\R\\s*", " | ");
  }
}
