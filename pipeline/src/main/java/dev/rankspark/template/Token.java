package dev.rankspark.template;

/**
 * A piece of a template: text between tags, a tag's bracket, or what stands in a tag.
 *
 * @param value of a literal, else null
 */
record Token(Kind kind, String text, Object value, int line) {

  enum Kind {
    DATA,
    BLOCK_BEGIN,
    BLOCK_END,
    VARIABLE_BEGIN,
    VARIABLE_END,
    NAME,
    LITERAL,
    OPERATOR,
    END
  }

  boolean is(Kind kind, String text) {
    return this.kind == kind && this.text.equals(text);
  }
}
