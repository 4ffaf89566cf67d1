package dev.rankspark.hub;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * Compares a file's bytes with what a hub calls it by: the SHA-256 of a large file, the SHA-1 that
 * git gives a small one; some mirrors take the plain SHA-1. Another name says nothing of the bytes.
 */
final class FileDigest {
  private static final int SHA256_DIGITS = 64;
  private static final int SHA1_DIGITS = 40;

  private final String etag;
  private final List<MessageDigest> digests = new ArrayList<>();

  /**
   * @param size of the file, which git's sum begins with
   */
  FileDigest(String etag, long size) {
    this.etag = etag;
    if (etag.matches("[0-9a-f]{" + SHA256_DIGITS + "}")) {
      digests.add(digest("SHA-256"));
    } else if (etag.matches("[0-9a-f]{" + SHA1_DIGITS + "}")) {
      MessageDigest git = digest("SHA-1");
      git.update(("blob " + size + "\0").getBytes(StandardCharsets.UTF_8));
      digests.add(git);
      digests.add(digest("SHA-1"));
    }
  }

  private static MessageDigest digest(String algorithm) {
    try {
      return MessageDigest.getInstance(algorithm);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has both
    }
  }

  void update(byte[] bytes, int length) {
    digests.forEach(digest -> digest.update(bytes, 0, length));
  }

  /** Whether the bytes are the file's; true where its name says nothing. Ends the sum. */
  boolean isRight() {
    return digests.isEmpty()
        || digests.stream()
            .anyMatch(digest -> HexFormat.of().formatHex(digest.digest()).equals(etag));
  }
}
