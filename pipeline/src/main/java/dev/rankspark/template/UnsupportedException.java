package dev.rankspark.template;

/** Something that jinja2 does and we do not, met where the template's line is not known. */
final class UnsupportedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UnsupportedException(String what) {
    super(what);
  }
}
