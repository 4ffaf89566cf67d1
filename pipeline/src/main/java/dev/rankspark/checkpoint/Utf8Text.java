package dev.rankspark.checkpoint;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Text in UTF-8. */
final class Utf8Text {
  private Utf8Text() {}

  /** Decodes strictly: a byte that is not UTF-8 is an exception, never a replacement character. */
  static String decode(byte[] bytes) throws CharacterCodingException {
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
  }
}
