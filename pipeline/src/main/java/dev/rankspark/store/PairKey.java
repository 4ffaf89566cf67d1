package dev.rankspark.store;

import dev.rankspark.files.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/**
 * What a pair's score is found by, within one reranker: the text that the model sees, before it is
 * cut into tokens. The first 128 bits of its SHA-256, and its length beside them: no two texts of a
 * store share them but by a chance that never comes.
 *
 * @param high the first eight bytes of the hash, as a big-endian number
 * @param low the next eight
 * @param length of the text in UTF-8, bytes
 */
public record PairKey(long high, long low, int length) {
  private static final ThreadLocal<MessageDigest> SHA_256 = ThreadLocal.withInitial(Sha256::begin);

  /** The key of a pair's text, {@link dev.rankspark.prompt.PairText}'s. */
  public static PairKey of(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    ByteBuffer hash = ByteBuffer.wrap(SHA_256.get().digest(bytes));
    return new PairKey(hash.getLong(), hash.getLong(), bytes.length);
  }
}
