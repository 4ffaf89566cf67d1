package dev.rankspark.cluster;

import java.util.Optional;
import org.apache.spark.sql.SparkSession;
import scala.Option;

/** The Spark sessions of this process. */
public final class Sessions {
  private Sessions() {}

  /** The one that is there already: a notebook's, a shell's. */
  public static Optional<SparkSession> running() {
    Option<SparkSession> session = SparkSession.getDefaultSession();
    return session.isDefined() ? Optional.of(session.get()) : Optional.empty();
  }
}
