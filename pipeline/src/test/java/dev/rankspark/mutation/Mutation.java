package dev.rankspark.mutation;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * One or two random changes of a file; the same number makes the same ones, whatever ran before.
 *
 * @param first how many of the file's bytes are changed, for files whose rest is mere numbers
 */
public record Mutation(long seed, int number, int first) {
  private static final Pattern JSON_VALUE =
      Pattern.compile("\"[^\"\\\\]*+(?:\\\\.[^\"\\\\]*+)*+\"|-?[0-9][0-9.eE+-]*|true|false|null");

  /** What software of several languages disagrees on, or takes too much of. */
  private static final List<String> NASTY =
      List.of(
          "null",
          "true",
          "false",
          "0",
          "-0",
          "-1",
          "1.5",
          "32.0",
          "1e999",
          "1e-999",
          "-1e308",
          "NaN",
          "2147483646",
          "2147483647",
          "2147483648",
          "4294967295",
          "9223372036854775807",
          "18446744073709551616",
          "9".repeat(1_200),
          "\"\"",
          "\"1\"",
          "\"\\ud800\"",
          "\"a\\udfffb\"",
          "\"\\u0000\"",
          "\"\\n\"",
          "\"" + "x".repeat(70_000) + "\"",
          "[]",
          "{}",
          "[null]",
          "{\"\": null}",
          "[".repeat(900) + "]".repeat(900),
          "[".repeat(100_000),
          "{\"a\":".repeat(100_000));

  /** What makes another number of one that it follows. */
  private static final List<String> MORE =
      List.of(".7", ".0", "e1", "e-1", "e999", "0", "000000000");

  private static final byte[][] NOT_UTF8 = {
    {(byte) 0xff},
    {(byte) 0xc0, (byte) 0x80},
    {(byte) 0xed, (byte) 0xa0, (byte) 0x80},
    {(byte) 0xe2}
  };

  public Mutation(long seed, int number) {
    this(seed, number, Integer.MAX_VALUE);
  }

  /** The changed file. */
  public byte[] of(byte[] file) {
    Random random = new Random(31 * seed + number);
    byte[] mutated = file;
    for (int changes = 1 + random.nextInt(3) / 2; changes > 0; changes--) {
      mutated = mutated.length == 0 ? new byte[] {0} : changed(mutated, random);
    }
    return mutated;
  }

  private byte[] changed(byte[] file, Random random) {
    int bound = Math.min(first, file.length);
    int at = random.nextInt(bound);
    int some = 1 + random.nextInt(Math.min(64, bound));
    return switch (random.nextInt(18)) {
      case 0 -> replaced(file, at, 1, (byte) (file[at] ^ (1 << random.nextInt(8))));
      case 1 -> replaced(file, at, 1, (byte) random.nextInt(256));
      case 2 -> replaced(file, at, 0, (byte) ('0' + random.nextInt(10)));
      case 3 -> replaced(file, at, random.nextInt(9));
      case 4 -> replaced(file, at, 4, (byte) -1, (byte) -1, (byte) -1, (byte) 127);
      case 5 -> replaced(file, at, random.nextInt(8) == 0 ? file.length : 0); // a cut, rarely
      case 6 -> replaced(file, at, 0, copy(file, random.nextInt(bound), some));
      case 7 -> replaced(file, at, some);
      case 8 -> replaced(file, at, random.nextInt(2), NOT_UTF8[random.nextInt(NOT_UTF8.length)]);
      case 9, 10 -> groupReplaced(file, bound, random);
      default -> valueReplaced(file, bound, random);
    };
  }

  /** Another value in the place of one of JSON, rarely one of the same file. */
  private static byte[] valueReplaced(byte[] file, int bound, Random random) {
    // One char per byte, so that positions are those of the file.
    String text = new String(file, 0, bound, StandardCharsets.ISO_8859_1);
    List<MatchResult> values = new ArrayList<>(JSON_VALUE.matcher(text).results().toList());
    if (values.isEmpty()) {
      return replaced(file, random.nextInt(bound), 1);
    }
    MatchResult old = values.get(random.nextInt(values.size()));
    if (old.group().matches("[0-9].*") && random.nextInt(3) == 0) {
      String more = MORE.get(random.nextInt(MORE.size()));
      return replaced(file, old.end(), 0, more.getBytes(StandardCharsets.ISO_8859_1));
    }
    byte[] value =
        random.nextInt(4) > 0
            ? nasty(random)
            : values
                .get(random.nextInt(values.size()))
                .group()
                .getBytes(StandardCharsets.ISO_8859_1);
    return replaced(file, old.start(), old.end() - old.start(), value);
  }

  /** Another value in the place of an object or list, half of the time another one of the file. */
  private static byte[] groupReplaced(byte[] file, int bound, Random random) {
    int from = groupStart(file, random.nextInt(bound), bound);
    int other = groupStart(file, random.nextInt(bound), bound);
    byte[] by =
        random.nextBoolean()
            ? nasty(random)
            : Arrays.copyOfRange(file, other, groupEnd(file, other, bound));
    return replaced(file, from, groupEnd(file, from, bound) - from, by);
  }

  private static int groupStart(byte[] file, int at, int bound) {
    int from = at;
    while (from < bound - 1 && file[from] != '{' && file[from] != '[') {
      from++;
    }
    return from;
  }

  /** Brackets in texts count too: now and then the result is no JSON. */
  private static int groupEnd(byte[] file, int from, int bound) {
    int depth = 0;
    int end = from;
    do {
      depth += file[end] == '{' || file[end] == '[' ? 1 : 0;
      depth -= file[end] == '}' || file[end] == ']' ? 1 : 0;
      end++;
    } while (depth > 0 && end < bound);
    return end;
  }

  private static byte[] nasty(Random random) {
    return NASTY.get(random.nextInt(NASTY.size())).getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] copy(byte[] file, int from, int count) {
    return Arrays.copyOfRange(file, from, Math.min(file.length, from + count));
  }

  private static byte[] replaced(byte[] file, int at, int count, byte... by) {
    int end = Math.min(file.length, at + count);
    byte[] replaced = new byte[file.length - (end - at) + by.length];
    System.arraycopy(file, 0, replaced, 0, at);
    System.arraycopy(by, 0, replaced, at, by.length);
    System.arraycopy(file, end, replaced, at + by.length, file.length - end);
    return replaced;
  }
}
