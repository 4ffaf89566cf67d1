package dev.rankspark.template;

import dev.rankspark.InputException;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A model's chat template ({@code chat_template.jinja}, or {@code chat_template} in {@code
 * tokenizer_config.json}), rendered as {@code apply_chat_template} of transformers 4 and 5 does it,
 * byte for byte.
 *
 * <p>Templates are programs of people whom nobody knows, and jinja2 is large. So what templates of
 * rerankers use is allowed, and everything else is refused by its name, most of it before anything
 * is rendered:
 *
 * <ul>
 *   <li>tags: {@code for} (several names, {@code if}, {@code else}), {@code break}, {@code
 *       continue}, {@code if}, {@code elif}, {@code else}, {@code set} (of names, of a namespace's
 *       members, and as a block), {@code generation}; comments; {@code -} and {@code +} in a tag;
 *   <li>expressions: literals, lists, tuples, {@code {}} with strings as keys, members, elements,
 *       slices, {@code + - * / // % ~}, comparisons and chains of them, {@code in}, {@code is},
 *       {@code not}, {@code and}, {@code or}, {@code if ... else};
 *   <li>{@code loop}: {@code index}, {@code index0}, {@code revindex}, {@code revindex0}, {@code
 *       first}, {@code last}, {@code length}, {@code previtem}, {@code nextitem};
 *   <li>functions: {@code namespace}, {@code raise_exception}, {@code range}, {@code strftime_now};
 *   <li>methods: {@code capitalize}, {@code endswith}, {@code join}, {@code lower}, {@code lstrip},
 *       {@code replace}, {@code rstrip}, {@code split}, {@code startswith}, {@code strip}, {@code
 *       title}, {@code upper} of texts; {@code get}, {@code items}, {@code keys}, {@code values} of
 *       maps;
 *   <li>filters: {@code capitalize}, {@code count}, {@code d}, {@code default}, {@code first},
 *       {@code float}, {@code int}, {@code items}, {@code join}, {@code last}, {@code length},
 *       {@code list}, {@code lower}, {@code map}, {@code reject}, {@code rejectattr}, {@code
 *       replace}, {@code reverse}, {@code select}, {@code selectattr}, {@code string}, {@code
 *       title}, {@code tojson}, {@code trim}, {@code upper};
 *   <li>tests: {@code boolean}, {@code defined}, {@code divisibleby}, {@code even}, {@code false},
 *       {@code float}, {@code in}, {@code integer}, {@code iterable}, {@code mapping}, {@code
 *       none}, {@code number}, {@code odd}, {@code sequence}, {@code string}, {@code true}, {@code
 *       undefined}; {@code eq}, {@code ne}, {@code lt}, {@code le}, {@code gt}, {@code ge} and
 *       their other names.
 * </ul>
 *
 * <p>A template sees values alone, no objects of Java's, and what it makes and how long it runs is
 * bounded. It can be used by several threads.
 */
public final class ChatTemplate {
  private final String file;
  private final Statements.Statement body;

  private ChatTemplate(String file, Statements.Statement body) {
    this.file = file;
    this.body = body;
  }

  /**
   * @param file where the source is from, for messages
   * @throws InputException naming file, line and what is not allowed or not Jinja
   */
  public static ChatTemplate parse(String source, String file) {
    return new ChatTemplate(file, Statements.parse(source, file));
  }

  /**
   * As {@code apply_chat_template} does, with {@code tools} and {@code documents} none and {@code
   * add_generation_prompt} false where they are not given. A name that is not given is undefined:
   * it renders as nothing, and its members fail.
   *
   * @param variables {@code messages}, {@code bos_token} and others; their values are strings,
   *     numbers, booleans, null, and collections of these and maps from strings to them
   * @throws InputException naming file and line where the template raises an exception, where
   *     jinja2 fails, or where it does what is not allowed
   */
  public String render(Map<String, ?> variables) {
    return render(variables, LocalDateTime.now(ZoneId.systemDefault()));
  }

  /**
   * @param now for {@code strftime_now}
   */
  String render(Map<String, ?> variables, LocalDateTime now) {
    Rendering rendering = new Rendering(file, now);
    Map<String, Object> names = new LinkedHashMap<>();
    names.put("tools", null);
    names.put("documents", null);
    names.put("add_generation_prompt", false);
    variables.forEach((name, value) -> names.put(name, rendering.given(value)));
    StringBuilder text = new StringBuilder();
    try {
      body.run(Scope.of(rendering, names), text);
    } catch (UnsupportedException e) {
      throw rendering.refused(e.getMessage());
    }
    return text.toString();
  }
}
