package dev.rankspark.mutation;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * JSON by another library than the product's, to check what that one made of a file. As Python's:
 * of a key that is there twice the last counts.
 */
public final class StrictJson {
  private StrictJson() {}

  /** The object that strict UTF-8 says. */
  public static JsonObject object(byte[] utf8) throws IOException {
    return object(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString());
  }

  /** The object that a text says, of which nothing is left over. */
  public static JsonObject object(String text) throws IOException {
    JsonReader reader = new JsonReader(new StringReader(text));
    // NaN and Infinity, which Python knows, are nothing to its stricter modes.
    boolean isPythons = text.contains("NaN") || text.contains("Infinity");
    reader.setStrictness(isPythons ? Strictness.LENIENT : Strictness.STRICT);
    reader.setNestingLimit(10_000);
    JsonElement element = JsonParser.parseReader(reader);
    if (reader.peek() != JsonToken.END_DOCUMENT) {
      throw new IOException("something follows");
    }
    return element.getAsJsonObject();
  }

  /** Whether the key is there and not null. */
  public static boolean has(JsonObject object, String key) {
    return object.has(key) && !object.get(key).isJsonNull();
  }

  /** The number of a key, exactly; {@code otherwise} where it is absent or null. */
  public static BigDecimal number(JsonObject object, String key, BigDecimal otherwise) {
    return has(object, key) ? object.getAsJsonPrimitive(key).getAsBigDecimal() : otherwise;
  }

  /** Likewise, a whole number: 32.5 is none. */
  public static long whole(JsonObject object, String key, long otherwise) {
    return number(object, key, BigDecimal.valueOf(otherwise)).longValueExact();
  }

  /** Likewise, rounded to a double. */
  public static double real(JsonObject object, String key, double otherwise) {
    return has(object, key) ? object.getAsJsonPrimitive(key).getAsDouble() : otherwise;
  }

  /** The text of a key; {@code otherwise} where it is absent. */
  public static String text(JsonObject object, String key, String otherwise) {
    return object.has(key) ? object.getAsJsonPrimitive(key).getAsString() : otherwise;
  }
}
