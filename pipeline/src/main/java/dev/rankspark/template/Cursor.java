package dev.rankspark.template;

import dev.rankspark.InputException;
import dev.rankspark.template.Token.Kind;
import java.util.Collection;
import java.util.List;

/** A place in a template's tokens, and how deep it is. */
final class Cursor {
  private static final int DEEPEST = 50;
  private static final int LONGEST_TAG = 1000;

  private final String file;
  private final List<Token> tokens;
  private int at;
  private int depth;
  private int tagEnds; // the first token that is no longer of this tag

  Cursor(String source, String file) {
    this.file = file;
    this.tokens = new Lexer(source, file).tokens();
  }

  Token peek() {
    return tokens.get(at);
  }

  Token next() {
    Token token = tokens.get(at);
    at += token.kind() == Kind.END ? 0 : 1;
    return token;
  }

  boolean skip(String operator) {
    boolean found = peek().is(Kind.OPERATOR, operator);
    at += found ? 1 : 0;
    return found;
  }

  boolean skipName(String name) {
    boolean found = peek().is(Kind.NAME, name);
    at += found ? 1 : 0;
    return found;
  }

  Token expect(Kind kind, String what) {
    Token token = next();
    if (token.kind() != kind) {
      throw refused(token, "\"" + token.text() + "\" where " + what + " is expected");
    }
    return token;
  }

  void expectOperator(String operator) {
    if (!skip(operator)) {
      throw refused(peek(), "\"" + peek().text() + "\" where " + operator + " is expected");
    }
  }

  void expectName(String name) {
    if (!skipName(name)) {
      throw refused(peek(), "\"" + peek().text() + "\" where " + name + " is expected");
    }
  }

  Token second() {
    return tokens.get(Math.min(at + 1, tokens.size() - 1));
  }

  /** A chain of operators is as deep as it is long, so a tag is not longer than the stack bears. */
  void measure() {
    if (at < tagEnds) {
      return;
    }
    tagEnds = at;
    while (tokens.get(tagEnds).kind() == Kind.NAME
        || tokens.get(tagEnds).kind() == Kind.LITERAL
        || tokens.get(tagEnds).kind() == Kind.OPERATOR) {
      tagEnds++;
    }
    if (tagEnds - at > LONGEST_TAG) {
      throw refused(peek(), "a tag of more than " + LONGEST_TAG + " words and signs");
    }
  }

  void deeper(Token token) {
    if (++depth > DEEPEST) {
      throw refused(token, "what is nested more than " + DEEPEST + " deep");
    }
  }

  void shallower() {
    depth--;
  }

  InputException refused(Token token, String what, Collection<String> allowed) {
    return Failures.refused(file, token.line(), what, allowed);
  }

  InputException refused(Token token, String what) {
    return Failures.refused(file, token.line(), what);
  }
}
