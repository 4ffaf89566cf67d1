package dev.rankspark.template;

import dev.rankspark.template.Expression.Constant;
import dev.rankspark.template.Expression.Name;
import dev.rankspark.template.Token.Kind;
import dev.rankspark.template.Values.Tuple;
import dev.rankspark.template.Values.Undefined;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Parses expressions by jinja2's grammar: a method a level, from the loosest to the tightest. */
final class Expressions {
  private static final Set<String> KEYWORDS =
      Set.of("and", "or", "not", "in", "is", "if", "else", "elif", "for", "recursive");
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

  private final Cursor cursor;
  private final Names names;
  private final Calls calls;

  Expressions(Cursor cursor, Names names) {
    this.cursor = cursor;
    this.names = names;
    this.calls = new Calls(cursor, () -> expression(true), () -> members(primary()));
  }

  static boolean isKeyword(String name) {
    return KEYWORDS.contains(name) || literal(name) != null;
  }

  Expression tuple(boolean conditional) {
    cursor.measure();
    Expression first = expression(conditional);
    if (!cursor.peek().is(Kind.OPERATOR, ",")) {
      return first;
    }
    return elements(first, conditional);
  }

  /** The others of a tuple, which may end with a comma. */
  private Expression elements(Expression first, boolean conditional) {
    List<Expression> all = new ArrayList<>(List.of(first));
    while (cursor.skip(",") && !isTupleEnd()) {
      all.add(expression(conditional));
    }
    return scope -> new Tuple(Expression.values(all, scope));
  }

  private boolean isTupleEnd() {
    Token token = cursor.peek();
    return token.kind() == Kind.VARIABLE_END
        || token.kind() == Kind.BLOCK_END
        || token.is(Kind.OPERATOR, ")");
  }

  Expression expression(boolean conditional) {
    cursor.deeper(cursor.peek());
    Expression value = or();
    while (conditional && cursor.skipName("if")) {
      Expression then = value;
      Expression test = or();
      Expression otherwise =
          cursor.skipName("else")
              ? expression(true)
              : new Constant(new Undefined("an inline if without else is false"));
      value =
          scope -> scope.rendering.isTrue(test.in(scope)) ? then.in(scope) : otherwise.in(scope);
    }
    cursor.shallower();
    return value;
  }

  private Expression or() {
    Expression left = and();
    while (cursor.skipName("or")) {
      Expression first = left;
      Expression second = and();
      left =
          scope -> {
            Object value = first.in(scope);
            return scope.rendering.isTrue(value) ? value : second.in(scope);
          };
    }
    return left;
  }

  private Expression and() {
    Expression left = not();
    while (cursor.skipName("and")) {
      Expression first = left;
      Expression second = not();
      left =
          scope -> {
            Object value = first.in(scope);
            return scope.rendering.isTrue(value) ? second.in(scope) : value;
          };
    }
    return left;
  }

  private Expression not() {
    if (!cursor.skipName("not")) {
      return comparison();
    }
    cursor.deeper(cursor.peek());
    Expression negated = not();
    cursor.shallower();
    return scope -> !scope.rendering.isTrue(negated.in(scope));
  }

  private Expression comparison() {
    Expression first = sum();
    List<String> operators = new ArrayList<>();
    List<Expression> others = new ArrayList<>();
    while (true) {
      Token token = cursor.peek();
      if (token.kind() == Kind.OPERATOR && COMPARISONS.contains(token.text())) {
        operators.add(cursor.next().text());
      } else if (cursor.skipName("in")) {
        operators.add("in");
      } else if (token.is(Kind.NAME, "not") && cursor.second().is(Kind.NAME, "in")) {
        cursor.next();
        cursor.next();
        operators.add("not in");
      } else {
        break;
      }
      others.add(sum());
    }
    if (operators.isEmpty()) {
      return first;
    }
    return scope -> {
      Object left = first.in(scope);
      for (int i = 0; i < operators.size(); i++) {
        Object right = others.get(i).in(scope);
        if (!isTrue(scope.rendering, operators.get(i), left, right)) {
          return false;
        }
        left = right;
      }
      return true;
    };
  }

  private static boolean isTrue(Rendering rendering, String operator, Object left, Object right) {
    return switch (operator) {
      case "==" -> rendering.areEqual(left, right);
      case "!=" -> !rendering.areEqual(left, right);
      case "<" -> rendering.compare(left, right) < 0;
      case "<=" -> rendering.compare(left, right) <= 0;
      case ">" -> rendering.compare(left, right) > 0;
      case ">=" -> rendering.compare(left, right) >= 0;
      case "in" -> rendering.contains(right, left);
      default -> !rendering.contains(right, left);
    };
  }

  private Expression sum() {
    Expression left = joined();
    for (Token token = cursor.peek(); isOne(token, "+", "-"); token = cursor.peek()) {
      cursor.next();
      left = calculation(token.text(), left, joined());
    }
    return left;
  }

  private Expression joined() {
    Expression first = product();
    if (!cursor.peek().is(Kind.OPERATOR, "~")) {
      return first;
    }
    List<Expression> parts = new ArrayList<>(List.of(first));
    while (cursor.skip("~")) {
      parts.add(product());
    }
    return scope -> {
      StringBuilder out = new StringBuilder();
      parts.forEach(part -> out.append(scope.rendering.made(scope.rendering.str(part.in(scope)))));
      return out.toString();
    };
  }

  private Expression product() {
    Expression left = unary(true);
    for (Token token = cursor.peek(); isOne(token, "*", "/", "//", "%"); token = cursor.peek()) {
      cursor.next();
      left = calculation(token.text(), left, unary(true));
    }
    if (cursor.peek().is(Kind.OPERATOR, "**")) {
      throw cursor.refused(cursor.peek(), "the operator **");
    }
    return left;
  }

  private static Expression calculation(String operator, Expression left, Expression right) {
    return scope -> scope.rendering.calculate(operator, left.in(scope), right.in(scope));
  }

  private Expression unary(boolean filtered) {
    Token token = cursor.peek();
    Expression value;
    if (isOne(token, "+", "-")) {
      cursor.next();
      cursor.deeper(token);
      // of a float too: 0.0 has a sign
      value = calculation("*", new Constant(token.text().equals("-") ? -1L : 1L), unary(false));
      cursor.shallower();
    } else {
      value = primary();
    }
    value = members(value);
    return filtered ? calls.filtered(value) : value;
  }

  private static boolean isOne(Token token, String... operators) {
    return token.kind() == Kind.OPERATOR && List.of(operators).contains(token.text());
  }

  private Expression primary() {
    Token token = cursor.next();
    if (token.kind() == Kind.NAME) {
      return cursor.peek().is(Kind.OPERATOR, "(") ? function(token) : name(token);
    } else if (token.value() instanceof String text) {
      StringBuilder all = new StringBuilder(text);
      while (cursor.peek().value() instanceof String more) {
        all.append(more);
        cursor.next();
      }
      return new Constant(all.toString());
    } else if (token.kind() == Kind.LITERAL) {
      return new Constant(token.value());
    } else if (token.is(Kind.OPERATOR, "(")) {
      return parentheses();
    } else if (token.is(Kind.OPERATOR, "[")) {
      List<Expression> elements = list("]");
      return scope -> Expression.values(elements, scope);
    } else if (token.is(Kind.OPERATOR, "{")) {
      return map();
    }
    throw cursor.refused(token, "\"" + token.text() + "\" where a value is expected");
  }

  private Expression parentheses() {
    if (cursor.skip(")")) {
      return scope -> new Tuple(List.of());
    }
    Expression value = tuple(true);
    cursor.expectOperator(")");
    return value;
  }

  private List<Expression> list(String end) {
    List<Expression> elements = new ArrayList<>();
    while (!cursor.skip(end)) {
      elements.add(expression(true));
      if (!cursor.skip(",")) {
        cursor.expectOperator(end);
        break;
      }
    }
    return elements;
  }

  private Expression map() {
    Map<String, Expression> members = new LinkedHashMap<>();
    while (!cursor.skip("}")) {
      Token token = cursor.peek();
      if (!(expression(true) instanceof Constant key && key.value() instanceof String name)) {
        throw cursor.refused(token, "a key of {} that is no string");
      }
      cursor.expectOperator(":");
      members.put(name, expression(true));
      if (!cursor.skip(",")) {
        cursor.expectOperator("}");
        break;
      }
    }
    return scope -> {
      Map<String, Object> map = new LinkedHashMap<>();
      members.forEach((name, value) -> map.put(name, value.in(scope)));
      return map;
    };
  }

  static Object literal(String name) {
    return switch (name) {
      case "true", "True" -> true;
      case "false", "False" -> false;
      case "none", "None" -> Scope.MISSING; // stands for null
      default -> null;
    };
  }

  private Expression function(Token token) {
    names.read(token.text());
    return calls.function(token);
  }

  Expression name(Token token) {
    String name = token.text();
    if (token.kind() != Kind.NAME || KEYWORDS.contains(name)) {
      throw cursor.refused(token, "\"" + name + "\" where a value is expected");
    }
    Object literal = literal(name);
    if (literal != null) {
      return new Constant(literal == Scope.MISSING ? null : literal);
    }
    names.read(name);
    return new Name(name);
  }

  private Expression members(Expression owner) {
    Expression value = owner;
    while (true) {
      Token token = cursor.peek();
      if (cursor.skip(".")) {
        Token name = cursor.next();
        if (name.value() instanceof Long) {
          value = item(value, new Constant(name.value()));
        } else if (cursor.peek().is(Kind.OPERATOR, "(")) {
          value = calls.method(value, name);
        } else {
          value = attribute(value, memberName(name));
        }
      } else if (cursor.skip("[")) {
        value = subscript(value);
      } else if (token.is(Kind.OPERATOR, "(")) {
        throw cursor.refused(token, "a call of something that is no name");
      } else {
        return value;
      }
    }
  }

  String memberName(Token token) {
    if (token.kind() != Kind.NAME || token.text().startsWith("_")) {
      throw cursor.refused(token, "\"" + token.text() + "\" as a member's name");
    }
    return token.text();
  }

  private static Expression attribute(Expression owner, String name) {
    return scope -> scope.rendering.attribute(owner.in(scope), name);
  }

  private static Expression item(Expression owner, Expression key) {
    return scope -> scope.rendering.item(owner.in(scope), key.in(scope));
  }

  private Expression subscript(Expression owner) {
    Expression none = new Constant(null);
    Expression first = cursor.peek().is(Kind.OPERATOR, ":") ? none : expression(true);
    if (!cursor.skip(":")) {
      cursor.expectOperator("]");
      return item(owner, first);
    }
    Expression to = isOne(cursor.peek(), ":", "]") ? none : expression(true);
    Expression step =
        cursor.skip(":") && !cursor.peek().is(Kind.OPERATOR, "]") ? expression(true) : none;
    cursor.expectOperator("]");
    return scope ->
        scope.rendering.slice(owner.in(scope), first.in(scope), to.in(scope), step.in(scope));
  }
}
