package dev.rankspark.template;

import dev.rankspark.template.Expression.Constant;
import dev.rankspark.template.Token.Kind;
import dev.rankspark.template.Values.Loop;
import dev.rankspark.template.Values.Namespace;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Parses a template's text and tags to what can be run. */
final class Statements {
  private static final List<String> TAGS =
      List.of("for", "if", "set", "break", "continue", "generation");

  private static final int ROUND = 16; // what a loop's round costs, in characters

  /** How a statement ends: with the next one, or out of or back to the loop. */
  enum Flow {
    NEXT,
    BREAK,
    CONTINUE
  }

  interface Statement {
    Flow run(Scope scope, StringBuilder out);
  }

  private final Cursor cursor;
  private final Names names = new Names();
  private final Expressions expressions;
  private int loops; // around this place that can be left here

  private Statements(Cursor cursor) {
    this.cursor = cursor;
    this.expressions = new Expressions(cursor, names);
  }

  static Statement parse(String source, String file) {
    return new Statements(new Cursor(source, file)).body(Set.of());
  }

  /** Up to the name in the tag that ends it, which is read; of a template, to its end. */
  private Statement body(Set<String> ends) {
    List<Statement> all = new ArrayList<>();
    while (true) {
      Token token = cursor.next();
      switch (token.kind()) {
        case DATA -> all.add(output(token.line(), new Constant(token.text())));
        case VARIABLE_BEGIN -> {
          all.add(output(token.line(), expressions.tuple(true)));
          cursor.expect(Kind.VARIABLE_END, "}}");
        }
        case BLOCK_BEGIN -> {
          if (ends.contains(cursor.peek().text()) && cursor.peek().kind() == Kind.NAME) {
            return sequence(all);
          }
          all.add(statement());
        }
        default -> {
          if (!ends.isEmpty()) {
            throw cursor.refused(
                token, "the end within a block, expected " + String.join(" or ", ends));
          }
          return sequence(all);
        }
      }
    }
  }

  private static Statement sequence(List<Statement> all) {
    List<Statement> statements = List.copyOf(all);
    return (scope, out) -> {
      for (Statement statement : statements) {
        Flow flow = statement.run(scope, out);
        if (flow != Flow.NEXT) {
          return flow;
        }
      }
      return Flow.NEXT;
    };
  }

  private static Statement output(int line, Expression expression) {
    return (scope, out) -> {
      scope.rendering.at(line);
      out.append(scope.rendering.made(scope.rendering.str(expression.in(scope))));
      return Flow.NEXT;
    };
  }

  private Statement statement() {
    Token tag = cursor.expect(Kind.NAME, "a tag's name");
    cursor.deeper(tag);
    Statement statement =
        switch (tag.text()) {
          case "for" -> loop(tag);
          case "if" -> condition(tag);
          case "set" -> assignment(tag);
          case "generation" -> generation(tag);
          case "break" -> leave(tag, Flow.BREAK);
          case "continue" -> leave(tag, Flow.CONTINUE);
          default -> throw cursor.refused(tag, "the tag {% " + tag.text() + " %}", TAGS);
        };
    cursor.shallower();
    return statement;
  }

  private Statement leave(Token tag, Flow flow) {
    if (loops == 0) {
      throw cursor.refused(
          tag, "{% " + tag.text() + " %} outside of a loop or within a block of its own");
    }
    cursor.expect(Kind.BLOCK_END, "%}");
    return (scope, out) -> flow;
  }

  private Statement condition(Token tag) {
    List<Expression> tests = new ArrayList<>();
    List<Statement> bodies = new ArrayList<>();
    Token part = tag;
    while (!part.text().equals("endif")) {
      boolean last = part.text().equals("else");
      tests.add(last ? new Constant(true) : expressions.tuple(false));
      cursor.expect(Kind.BLOCK_END, "%}");
      bodies.add(body(last ? Set.of("endif") : Set.of("elif", "else", "endif")));
      part = cursor.next();
    }
    cursor.expect(Kind.BLOCK_END, "%}");
    return (scope, out) -> {
      scope.rendering.at(tag.line());
      for (int i = 0; i < tests.size(); i++) {
        if (scope.rendering.isTrue(tests.get(i).in(scope))) {
          return bodies.get(i).run(scope, out);
        }
      }
      return Flow.NEXT;
    };
  }

  private Statement loop(Token tag) {
    List<String> targets = new ArrayList<>();
    boolean several = targets(targets);
    cursor.expectName("in");
    Expression elements = expressions.tuple(false);
    Expression filter = null;
    if (cursor.skipName("if")) {
      names.enter(targets);
      filter = expressions.expression(true);
      if (names.isKnown("loop")) {
        throw cursor.refused(tag, "\"loop\" in the condition of {% for %}");
      }
      names.leave();
    }
    if (cursor.peek().is(Kind.NAME, "recursive")) {
      throw cursor.refused(cursor.peek(), "a recursive {% for %}");
    }
    cursor.expect(Kind.BLOCK_END, "%}");
    names.enter(targets);
    names.set("loop");
    loops++;
    Statement body = body(Set.of("else", "endfor"));
    loops--;
    names.leave();
    Statement otherwise = null;
    if (cursor.next().text().equals("else")) {
      cursor.expect(Kind.BLOCK_END, "%}");
      names.enter(List.of());
      otherwise = body(Set.of("endfor"));
      names.leave();
      cursor.next();
    }
    cursor.expect(Kind.BLOCK_END, "%}");
    return new For(tag.line(), List.copyOf(targets), several, elements, filter, body, otherwise);
  }

  private record For(
      int line,
      List<String> targets,
      boolean several,
      Expression elements,
      Expression filter,
      Statement body,
      Statement otherwise)
      implements Statement {

    @Override
    public Flow run(Scope scope, StringBuilder out) {
      Rendering rendering = scope.rendering;
      rendering.at(line);
      List<Object> kept = new ArrayList<>();
      for (Object element : rendering.elements(elements.in(scope))) {
        rendering.spend(ROUND);
        Scope inner = scope.inner();
        bind(inner, element);
        if (filter == null || rendering.isTrue(filter.in(inner))) {
          kept.add(element);
        }
      }
      boolean ended = false;
      for (int i = 0; i < kept.size(); i++) {
        rendering.spend(ROUND);
        Scope inner = scope.inner();
        bind(inner, kept.get(i));
        inner.set("loop", new Loop(kept, i));
        Flow flow = body.run(inner, out);
        if (flow == Flow.BREAK) {
          break;
        }
        ended |= flow == Flow.NEXT;
      }
      // jinja2 takes {% else %} as well where each body was left by break or continue
      return ended || otherwise == null ? Flow.NEXT : otherwise.run(scope.inner(), out);
    }

    private void bind(Scope scope, Object value) {
      set(scope, targets, several, value);
    }
  }

  private static void set(Scope scope, List<String> targets, boolean several, Object value) {
    if (!several) {
      scope.set(targets.get(0), value);
      return;
    }
    List<Object> values = scope.rendering.elements(value);
    if (values.size() != targets.size()) {
      throw scope.rendering.failed(
          "expected " + targets.size() + " values, found " + values.size());
    }
    for (int i = 0; i < values.size(); i++) {
      scope.set(targets.get(i), values.get(i));
    }
  }

  /** Whether they are a tuple, which one name with a comma is too. */
  private boolean targets(List<String> targets) {
    boolean several = false;
    do {
      if (several && cursor.peek().is(Kind.NAME, "in")) {
        break;
      }
      targets.add(target());
      several |= cursor.peek().is(Kind.OPERATOR, ",");
    } while (cursor.skip(","));
    return several;
  }

  private String target() {
    Token token = cursor.expect(Kind.NAME, "a name");
    String name = token.text();
    if (Expressions.isKeyword(name) || name.equals("loop")) {
      throw cursor.refused(token, "\"" + name + "\" as a name to be set");
    }
    return name;
  }

  private Statement assignment(Token tag) {
    if (cursor.second().is(Kind.OPERATOR, ".")) {
      return member(tag);
    }
    List<String> targets = new ArrayList<>();
    boolean several = targets(targets);
    Expression value;
    if (cursor.skip("=")) {
      value = expressions.tuple(true);
    } else {
      cursor.expect(Kind.BLOCK_END, "%}");
      value = captured("endset");
    }
    cursor.expect(Kind.BLOCK_END, "%}");
    for (String target : targets) {
      if (!names.set(target)) {
        throw cursor.refused(tag, "\"" + target + "\", set after a block before it has read it");
      }
    }
    return (scope, out) -> {
      scope.rendering.at(tag.line());
      set(scope, targets, several, value.in(scope));
      return Flow.NEXT;
    };
  }

  private Statement member(Token tag) {
    Expression owner = expressions.name(cursor.next());
    cursor.next();
    String name = expressions.memberName(cursor.next());
    Expression value;
    if (cursor.skip("=")) {
      value = expressions.tuple(true);
    } else {
      cursor.expect(Kind.BLOCK_END, "%}");
      value = captured("endset");
    }
    cursor.expect(Kind.BLOCK_END, "%}");
    return (scope, out) -> {
      scope.rendering.at(tag.line());
      Object set = value.in(scope);
      if (!(owner.in(scope) instanceof Namespace namespace)) {
        throw scope.rendering.failed("a member is set of what is no namespace");
      }
      namespace.members().put(name, set);
      return Flow.NEXT;
    };
  }

  /** What a block renders, its names its own. */
  private Expression captured(String end) {
    int outerLoops = loops;
    loops = 0;
    names.enter(List.of());
    Statement body = body(Set.of(end));
    names.leave();
    loops = outerLoops;
    cursor.next();
    return scope -> {
      StringBuilder out = new StringBuilder();
      body.run(scope.inner(), out);
      return scope.rendering.made(out.toString());
    };
  }

  private Statement generation(Token tag) {
    cursor.expect(Kind.BLOCK_END, "%}");
    Expression body = captured("endgeneration");
    cursor.expect(Kind.BLOCK_END, "%}");
    return output(tag.line(), body);
  }
}
