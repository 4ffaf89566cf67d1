package dev.rankspark.jobs.linkage;

import dev.rankspark.jobs.linkage.Library.Member;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.FieldVisitor;
import org.objectweb.asm.Handle;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;

/**
 * What the classes of a jar ask of other jars and would not find there when the Java machine links
 * them: classes, methods, fields, the one method of a lambda's interface, methods that they would
 * have to implement.
 */
final class Linkage {
  private static final String HANDLE = "java/lang/invoke/VarHandle";

  private final Library library;
  private final Predicate<String> asked;
  private final Set<String> missing = new TreeSet<>();
  private int references;

  private Linkage(Library library, Predicate<String> asked) {
    this.library = library;
    this.asked = asked;
  }

  /**
   * What is missing, and how much was looked up.
   *
   * @param missing {@code our class -> what it asks for: why it does not get it}
   */
  record Result(Set<String> missing, int references) {}

  /**
   * Links the classes of a jar without running them.
   *
   * @param ours which classes of the jar, by their names with slashes
   * @param others the jars beside it
   * @param asked which classes of others are looked up; the rest is taken to be there
   */
  static Result of(Path jar, Predicate<String> ours, List<Path> others, Predicate<String> asked)
      throws IOException {
    List<Path> all = new ArrayList<>(List.of(jar));
    all.addAll(others);
    try (Library library = new Library(all);
        JarFile file = new JarFile(jar.toFile())) {
      Linkage linkage = new Linkage(library, asked.and(ours.negate()));
      file.stream()
          .filter(entry -> entry.getName().endsWith(".class") && ours.test(entry.getName()))
          .forEach(entry -> linkage.link(file, entry));
      return new Result(linkage.missing, linkage.references);
    }
  }

  private void link(JarFile jar, JarEntry entry) {
    try (InputStream in = jar.getInputStream(entry)) {
      new ClassReader(in).accept(new Client(), ClassReader.SKIP_FRAMES);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String dotted(String name) {
    return name.replace('/', '.');
  }

  /** A class of ours, which asks. */
  private final class Client extends ClassVisitor {
    private String name = "";

    Client() {
      super(Opcodes.ASM9);
    }

    private void report(String wanted, String reason) {
      missing.add(dotted(name) + " -> " + wanted + ": " + reason);
    }

    @Override
    public void visit(
        int version, int access, String own, String generic, String above, String[] interfaces) {
      name = own;
      type(Type.getObjectType(above));
      for (String type : interfaces) {
        type(Type.getObjectType(type));
      }
      library.missingAbove(own).stream()
          .filter(asked)
          .forEach(type -> report(dotted(type), "no such class"));
      if ((access & Opcodes.ACC_ABSTRACT) == 0) {
        library.unimplemented(own).forEach(method -> report(method, "not implemented"));
      }
    }

    @Override
    public FieldVisitor visitField(
        int access, String field, String type, String generic, Object value) {
      type(Type.getType(type));
      return null;
    }

    @Override
    public MethodVisitor visitMethod(
        int access, String method, String type, String generic, String[] thrown) {
      types(Type.getMethodType(type));
      return new Code(this);
    }

    private void types(Type method) {
      type(method.getReturnType());
      for (Type argument : method.getArgumentTypes()) {
        type(argument);
      }
    }

    private void type(Type type) {
      Type element = type.getSort() == Type.ARRAY ? type.getElementType() : type;
      if (element.getSort() == Type.OBJECT && asked.test(element.getInternalName())) {
        references++;
        if (library.find(element.getInternalName()).isEmpty()) {
          report(element.getClassName(), "no such class");
        }
      }
    }

    private void method(String owner, String method, boolean isStatic, boolean isInterface) {
      if (owner.startsWith("[") || owner.equals(HANDLE) || !asked.test(owner)) {
        return; // an array has what every object has, a handle whatever it is asked for
      }
      references++;
      String wanted = dotted(owner) + "." + method;
      Optional<Member> found = library.method(owner, method);
      if (found.isEmpty()) {
        report(wanted, "no such method");
      } else if (!found.get().isVisible()) {
        report(wanted, "not public");
      } else if (found.get().isStatic() != isStatic) {
        report(wanted, isStatic ? "not static" : "static");
      } else if (library.find(owner).orElseThrow().isInterface() != isInterface) {
        report(wanted, isInterface ? "of a class" : "of an interface");
      }
    }
  }

  /** The instructions of one of its methods. */
  private final class Code extends MethodVisitor {
    private final Client in;

    Code(Client in) {
      super(Opcodes.ASM9);
      this.in = in;
    }

    @Override
    public void visitMethodInsn(
        int opcode, String owner, String method, String type, boolean isInterface) {
      in.method(owner, method + type, opcode == Opcodes.INVOKESTATIC, isInterface);
      in.types(Type.getMethodType(type));
    }

    @Override
    public void visitFieldInsn(int opcode, String owner, String field, String type) {
      in.type(Type.getObjectType(owner));
      if (asked.test(owner) && library.field(owner, field + type).isEmpty()) {
        in.report(dotted(owner) + "." + field, "no such field");
      }
    }

    @Override
    public void visitTypeInsn(int opcode, String type) {
      in.type(Type.getObjectType(type));
    }

    @Override
    public void visitTryCatchBlock(Label start, Label end, Label handler, String type) {
      if (type != null) {
        in.type(Type.getObjectType(type));
      }
    }

    @Override
    public void visitLdcInsn(Object value) {
      if (value instanceof Type type && type.getSort() != Type.METHOD) {
        in.type(type);
      }
    }

    @Override
    public void visitInvokeDynamicInsn(
        String method, String type, Handle bootstrap, Object... arguments) {
      in.types(Type.getMethodType(type));
      for (Object argument : arguments) {
        if (argument instanceof Handle handle) {
          in.method(
              handle.getOwner(),
              handle.getName() + handle.getDesc(),
              handle.getTag() == Opcodes.H_INVOKESTATIC,
              handle.isInterface());
        }
      }
      if (bootstrap.getOwner().equals("java/lang/invoke/LambdaMetafactory")) {
        lambda(
            Type.getReturnType(type).getInternalName(),
            method + ((Type) arguments[0]).getDescriptor());
      }
    }

    /** A lambda implements one method; another one that its interface has would be missing. */
    private void lambda(String type, String method) {
      if (asked.test(type) && library.find(type).isPresent()) {
        List<String> toImplement = library.unimplemented(type);
        if (!toImplement.equals(List.of(method))) {
          in.report("a lambda of " + dotted(type), "has to implement " + toImplement);
        }
      }
    }
  }
}
