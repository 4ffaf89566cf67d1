package dev.rankspark.template;

import dev.rankspark.template.Expression.Constant;
import dev.rankspark.template.Expression.Name;
import dev.rankspark.template.Functions.Signature;
import dev.rankspark.template.Token.Kind;
import dev.rankspark.template.Values.Lazy;
import dev.rankspark.template.Values.Undefined;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Parses what is called: functions, methods, filters and tests, each of those that are allowed. */
final class Calls {
  private static final List<String> OF_EACH =
      List.of("map", "select", "reject", "selectattr", "rejectattr");

  private final Cursor cursor;
  private final Supplier<Expression> expression;
  private final Supplier<Expression> primary;

  /**
   * @param expression parses an argument
   * @param primary parses the argument that a test has without brackets
   */
  Calls(Cursor cursor, Supplier<Expression> expression, Supplier<Expression> primary) {
    this.cursor = cursor;
    this.expression = expression;
    this.primary = primary;
  }

  private record Given(Token token, List<Expression> values, Map<String, Expression> named) {}

  private Given given(Token token) {
    List<Expression> values = new ArrayList<>();
    Map<String, Expression> named = new LinkedHashMap<>();
    if (cursor.skip("(")) {
      while (!cursor.skip(")")) {
        if (cursor.peek().kind() == Kind.NAME && cursor.second().is(Kind.OPERATOR, "=")) {
          Token name = cursor.next();
          cursor.next();
          if (named.put(name.text(), expression.get()) != null) {
            throw cursor.refused(name, "the argument \"" + name.text() + "\" given twice");
          }
        } else if (named.isEmpty()) {
          values.add(expression.get());
        } else {
          throw cursor.refused(cursor.peek(), "an argument without a name behind one with a name");
        }
        if (!cursor.skip(",")) {
          cursor.expectOperator(")");
          break;
        }
      }
    }
    return new Given(token, values, named);
  }

  /** The arguments in the order of the parameters. */
  private Expression[] bound(String what, Signature signature, Given given) {
    List<String> parameters = signature.parameters();
    Expression[] bound = new Expression[parameters.size()];
    int count = given.values().size();
    if (count > bound.length) {
      throw cursor.refused(given.token(), what + " with " + count + " arguments");
    }
    given.values().toArray(bound);
    given
        .named()
        .forEach(
            (name, value) -> {
              int place = parameters.indexOf(name);
              if (place < count) { // -1, or given already
                throw cursor.refused(given.token(), what + " with the argument \"" + name + "\"");
              }
              bound[place] = value;
            });
    for (int i = 0; i < signature.required(); i++) {
      if (bound[i] == null) {
        throw cursor.refused(given.token(), what + " without an argument that it needs");
      }
    }
    return bound;
  }

  private static Expression call(Signature signature, Expression self, Expression[] bound) {
    return scope -> {
      Object value = self.in(scope);
      Object[] arguments = Functions.absent(bound.length);
      for (int i = 0; i < bound.length; i++) {
        arguments[i] = bound[i] == null ? arguments[i] : bound[i].in(scope);
      }
      return signature.call(scope.rendering, value, arguments);
    };
  }

  Expression function(Token token) {
    String name = token.text();
    if (!Functions.CALLABLE.contains(name)) {
      throw cursor.refused(token, "the function " + name + "()", Functions.CALLABLE);
    }
    Given given = given(token);
    given.named().keySet().stream()
        .filter(member -> member.startsWith("_"))
        .forEach(
            member -> {
              throw cursor.refused(token, "\"" + member + "\" as a member's name");
            });
    int count = given.values().size();
    boolean fits =
        switch (name) {
          case "namespace" -> count == 0;
          case "range" -> count >= 1 && count <= 3 && given.named().isEmpty();
          default -> count == 1 && given.named().isEmpty();
        };
    if (!fits) {
      throw cursor.refused(token, "the function " + name + "() with these arguments");
    }
    return scope -> {
      if (scope.find(name) != Scope.MISSING) {
        throw scope.rendering.failed(name + " is set, and no function");
      }
      Map<String, Object> named = new LinkedHashMap<>();
      given.named().forEach((key, value) -> named.put(key, value.in(scope)));
      return Functions.call(scope.rendering, name, Expression.values(given.values(), scope), named);
    };
  }

  Expression method(Expression owner, Token token) {
    String name = token.text();
    Signature signature = Functions.METHODS.get(name);
    if (signature == null) {
      throw cursor.refused(token, "the method " + name + "()", Functions.METHODS.keySet());
    }
    return call(signature, owner, bound("the method " + name + "()", signature, given(token)));
  }

  Expression filtered(Expression first) {
    Expression value = first;
    while (true) {
      if (cursor.skip("|")) {
        value = filter(value, cursor.expect(Kind.NAME, "a filter's name"));
      } else if (cursor.skipName("is")) {
        value = test(value);
      } else if (cursor.peek().is(Kind.OPERATOR, "(")) {
        throw cursor.refused(cursor.peek(), "a call of something that is no name");
      } else {
        return value;
      }
    }
  }

  private Expression filter(Expression value, Token token) {
    String name = token.text();
    if (OF_EACH.contains(name)) {
      return name.equals("map") ? mapping(value, given(token)) : selection(value, given(token));
    }
    Signature signature = Functions.FILTERS.get(name);
    if (signature == null) {
      List<String> allowed = new ArrayList<>(Functions.FILTERS.keySet());
      allowed.addAll(OF_EACH);
      throw cursor.refused(token, "the filter " + name, allowed);
    }
    return call(signature, value, bound("the filter " + name, signature, given(token)));
  }

  /** {@code map(attribute=..., default=...)} or {@code map("upper")}. */
  private Expression mapping(Expression value, Given given) {
    Expression attribute = given.named().get("attribute");
    Expression otherwise = given.named().get("default");
    if (attribute != null
        && given.values().isEmpty()
        && given.named().size() == (otherwise == null ? 1 : 2)) {
      return scope -> {
        Rendering rendering = scope.rendering;
        Object name = attribute.in(scope);
        Object missing = otherwise == null ? null : otherwise.in(scope);
        return each(
            rendering,
            value.in(scope),
            element -> {
              Object member = Functions.member(rendering, element, name);
              return member instanceof Undefined && missing != null ? missing : member;
            });
      };
    }
    Signature filter = given.values().size() == 1 ? Functions.FILTERS.get(name(given, 0)) : null;
    if (filter == null || filter.required() > 0 || !given.named().isEmpty()) {
      throw cursor.refused(given.token(), "the filter map with these arguments");
    }
    return scope ->
        each(
            scope.rendering,
            value.in(scope),
            element ->
                filter.call(
                    scope.rendering, element, Functions.absent(filter.parameters().size())));
  }

  private static Lazy each(Rendering rendering, Object value, UnaryOperator<Object> change) {
    return new Lazy(
        () -> rendering.isTrue(value) ? rendering.stream(value).map(change) : Stream.of());
  }

  /** The constant name of a test or filter among a call's arguments, or null. */
  private static String name(Given given, int place) {
    return given.values().get(place) instanceof Constant constant
            && constant.value() instanceof String name
        ? name
        : null;
  }

  private Expression selection(Expression value, Given given) {
    String filter = given.token().text();
    boolean keeps = filter.startsWith("select");
    boolean ofMember = filter.endsWith("attr");
    int first = ofMember ? 1 : 0;
    int count = given.values().size();
    if (count < first || !given.named().isEmpty()) {
      throw cursor.refused(given.token(), "the filter " + filter + " with these arguments");
    }
    Functions.Test test = count > first ? test(given.token(), name(given, first)) : null;
    if (count - first != (test == null ? 0 : test.hasArgument() ? 2 : 1)) {
      throw cursor.refused(given.token(), "the filter " + filter + " with these arguments");
    }
    return scope -> {
      Rendering rendering = scope.rendering;
      Object owner = value.in(scope);
      List<Object> arguments = Expression.values(given.values(), scope);
      Object argument = arguments.size() > first + 1 ? arguments.get(first + 1) : null;
      return new Lazy(
          () ->
              !rendering.isTrue(owner)
                  ? Stream.of()
                  : rendering.stream(owner)
                      .filter(
                          element -> {
                            Object of =
                                ofMember
                                    ? Functions.member(rendering, element, arguments.get(0))
                                    : element;
                            boolean holds =
                                test == null
                                    ? rendering.isTrue(of)
                                    : test.condition().of(rendering, of, argument);
                            return holds == keeps;
                          }));
    };
  }

  private Functions.Test test(Token token, String name) {
    Functions.Test test = name == null ? null : Functions.TESTS.get(name);
    if (test == null) {
      throw cursor.refused(token, "the test " + name, Functions.TESTS.keySet());
    }
    return test;
  }

  private Expression test(Expression value) {
    boolean negated = cursor.skipName("not");
    Token token = cursor.expect(Kind.NAME, "a test's name");
    String name = token.text();
    Functions.Test test = test(token, name);
    List<Expression> arguments = new ArrayList<>();
    if (cursor.peek().is(Kind.OPERATOR, "(")) {
      Given given = given(token);
      if (!given.named().isEmpty()) {
        throw cursor.refused(token, "the test " + name + " with these arguments");
      }
      arguments.addAll(given.values());
    } else if (isArgument(cursor.peek())) {
      arguments.add(primary.get());
    }
    if (arguments.size() != (test.hasArgument() ? 1 : 0)) {
      throw cursor.refused(token, "the test " + name + " with " + arguments.size() + " arguments");
    }
    if (value instanceof Name of && (name.equals("defined") || name.equals("undefined"))) {
      boolean whenDefined = name.equals("defined") != negated;
      return scope -> of.isDefined(scope) == whenDefined;
    }
    Expression argument = test.hasArgument() ? arguments.get(0) : new Constant(null);
    return scope ->
        test.condition().of(scope.rendering, value.in(scope), argument.in(scope)) != negated;
  }

  private static boolean isArgument(Token token) {
    return switch (token.kind()) {
      case NAME -> !Set.of("else", "or", "and").contains(token.text());
      case LITERAL -> true;
      default -> isOne(token, "[", "{");
    };
  }

  private static boolean isOne(Token token, String... operators) {
    return token.kind() == Kind.OPERATOR && List.of(operators).contains(token.text());
  }
}
