package dev.rankspark.reranker;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.rankspark.files.Sha256;
import dev.rankspark.model.Dtype;
import java.util.SortedMap;

/**
 * All that decides the score of a pair: two rerankers of one identity give the same scores, up to
 * what another batching moves in the last bits.
 *
 * @param files SHA-256, in hexadecimal, of each file that decides a score, by its part in the
 *     reranker and its name: {@code base/model.safetensors}; a hub's own SHA-256 of a file is the
 *     same
 * @param recipe what makes a score beside the weights, the longest text included
 * @param dtype of the weights
 * @param device {@code cpu} or {@code cuda}
 */
public record Identity(SortedMap<String, String> files, Recipe recipe, Dtype dtype, String device) {
  private static final String FORMAT = "rankspark reranker 1";

  /**
   * The identity as text, a line for each thing: a SHA-256 of it is kept with scores, so that it
   * never changes for a reranker.
   */
  public String text() {
    StringBuilder text = new StringBuilder(FORMAT).append('\n');
    files.forEach((name, sum) -> line(text, "file " + quoted(name), sum));
    recipe
        .prompt()
        .settings()
        .forEach(
            (name, value) ->
                line(text, name, value instanceof String string ? quoted(string) : value));
    if (recipe.head().isPresent()) {
      line(text, "head", recipe.head().trueId() + " " + recipe.head().falseId());
    }
    if (recipe.activation() != Activation.IDENTITY) {
      line(text, "activation", recipe.activation());
    }
    line(text, "dtype", dtype);
    line(text, "device", device);
    return text.toString();
  }

  /** The same reranker on another device, or in another dtype. */
  public Identity on(String otherDevice, Dtype otherDtype) {
    return new Identity(files, recipe, otherDtype, otherDevice);
  }

  private static void line(StringBuilder text, String name, Object value) {
    text.append(name).append(' ').append(value).append('\n');
  }

  /** In JSON's way: a line break inside is none. */
  private static String quoted(String text) {
    return TextNode.valueOf(text).toString();
  }

  /** SHA-256 of {@link #text}, in hexadecimal. */
  public String sha256() {
    return Sha256.hex(text());
  }
}
