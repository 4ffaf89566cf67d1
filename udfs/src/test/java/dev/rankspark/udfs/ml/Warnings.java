package dev.rankspark.udfs.ml;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Property;

/** What a class warns of in Spark's log, while this is open. */
final class Warnings extends AbstractAppender implements AutoCloseable {
  private final Logger logger;
  private final List<String> said = new CopyOnWriteArrayList<>();

  private Warnings(Logger logger) {
    super("warnings", null, null, true, Property.EMPTY_ARRAY);
    this.logger = logger;
  }

  static Warnings of(Class<?> name) {
    Warnings warnings = new Warnings((Logger) LogManager.getLogger(name));
    warnings.start();
    warnings.logger.addAppender(warnings);
    return warnings;
  }

  List<String> said() {
    return said;
  }

  @Override
  public void append(LogEvent event) {
    if (event.getLevel().equals(Level.WARN)) {
      said.add(event.getMessage().getFormattedMessage());
    }
  }

  @Override
  public void close() {
    logger.removeAppender(this);
    stop();
  }
}
