package dev.rankspark.template;

import dev.rankspark.InputException;
import dev.rankspark.files.Shown;
import java.util.Collection;
import java.util.TreeSet;

/** What is said of a template that cannot be rendered: the file, the line, what was met. */
final class Failures {
  private Failures() {}

  static InputException refused(String file, int line, String what) {
    return new InputException(
        file + ":" + line + ": this chat template is not supported: " + Shown.text(what));
  }

  static InputException refused(String file, int line, String what, Collection<String> allowed) {
    return new InputException(
        refused(file, line, what).getMessage()
            + "; supported are "
            + String.join(", ", new TreeSet<>(allowed)));
  }

  /** Where jinja2 fails too. */
  static InputException failed(String file, int line, String why) {
    return new InputException(file + ":" + line + ": this chat template fails: " + Shown.text(why));
  }
}
