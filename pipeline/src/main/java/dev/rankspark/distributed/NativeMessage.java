package dev.rankspark.distributed;

import java.util.regex.Pattern;

/** What libtorch says, for people. */
final class NativeMessage {
  /** Where in Gloo's own source, of which a message may have several. */
  private static final Pattern SOURCE_POSITION = Pattern.compile("\\[[^\\]\\s]*\\.\\w+:\\d+\\] ?");

  private NativeMessage() {}

  /** Its first line, without positions in other people's source. */
  static String shortened(Exception e) {
    String firstLine = String.valueOf(e.getMessage()).lines().findFirst().orElse("no reason given");
    return SOURCE_POSITION.matcher(firstLine).replaceAll("").strip();
  }
}
