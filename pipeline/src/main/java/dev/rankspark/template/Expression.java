package dev.rankspark.template;

import dev.rankspark.template.Values.Undefined;
import java.util.ArrayList;
import java.util.List;

/** What has a value where the names of a scope are known. */
interface Expression {
  Object in(Scope scope);

  static List<Object> values(List<Expression> expressions, Scope scope) {
    List<Object> values = new ArrayList<>(expressions.size());
    expressions.forEach(expression -> values.add(expression.in(scope)));
    return values;
  }

  record Constant(Object value) implements Expression {
    @Override
    public Object in(Scope scope) {
      return value;
    }
  }

  record Name(String name) implements Expression {
    @Override
    public Object in(Scope scope) {
      Object value = scope.find(name);
      if (value != Scope.MISSING) {
        return value;
      } else if (Functions.GLOBALS.contains(name)) {
        throw scope.rendering.refused("the function " + name + " as a value");
      }
      return new Undefined("'" + name + "' is undefined");
    }

    boolean isDefined(Scope scope) {
      return Functions.GLOBALS.contains(name) || !(find(scope) instanceof Undefined);
    }

    private Object find(Scope scope) {
      Object value = scope.find(name);
      return value == Scope.MISSING ? new Undefined(name) : value;
    }
  }
}
