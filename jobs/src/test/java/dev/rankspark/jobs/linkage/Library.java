package dev.rankspark.jobs.linkage;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.FieldVisitor;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/** The classes of some jars and of this Java, read only where somebody asks for them. */
final class Library implements AutoCloseable {
  private final List<JarFile> jars = new ArrayList<>();
  private final Map<String, Optional<Shape>> shapes = new HashMap<>();

  Library(List<Path> paths) throws IOException {
    for (Path path : paths) {
      jars.add(new JarFile(path.toFile()));
    }
  }

  /**
   * A class, if it is there.
   *
   * @param name with slashes
   */
  Optional<Shape> find(String name) {
    return shapes.computeIfAbsent(name, this::read);
  }

  private Optional<Shape> read(String name) {
    String file = name + ".class";
    try {
      for (JarFile jar : jars) {
        ZipEntry entry = jar.getEntry(file);
        if (entry != null) {
          try (InputStream in = jar.getInputStream(entry)) {
            return Optional.of(Shape.of(in));
          }
        }
      }
      try (InputStream in = ClassLoader.getPlatformClassLoader().getResourceAsStream(file)) {
        return in == null ? Optional.empty() : Optional.of(Shape.of(in));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A method as the Java machine looks it up: in the class, above it, in its interfaces. */
  Optional<Member> method(String owner, String signature) {
    return member(owner, shape -> shape.methods.get(signature));
  }

  /** Likewise a field. */
  Optional<Member> field(String owner, String signature) {
    return member(owner, shape -> shape.fields.get(signature));
  }

  private Optional<Member> member(String owner, Function<Shape, Integer> own) {
    Optional<Member> inherited = Optional.empty();
    for (Shape shape : withAllAbove(owner)) {
      Integer access = own.apply(shape);
      if (access != null) {
        Member member = new Member(shape, access);
        if (!member.isAbstract()) {
          return Optional.of(member);
        }
        inherited = inherited.isPresent() ? inherited : Optional.of(member);
      }
    }
    return inherited;
  }

  /** The abstract methods of a class that neither it nor a class above it implements. */
  List<String> unimplemented(String name) {
    List<String> methods = new ArrayList<>();
    for (Shape shape : withAllAbove(name)) {
      shape.methods.forEach(
          (signature, access) -> {
            if (new Member(shape, access).isAbstract()
                && method(name, signature).filter(Predicate.not(Member::isAbstract)).isEmpty()
                && method("java/lang/Object", signature).isEmpty()
                && !methods.contains(signature)) {
              methods.add(signature);
            }
          });
    }
    return methods;
  }

  /** The classes that are missing above a class. */
  List<String> missingAbove(String name) {
    List<String> missing = new ArrayList<>();
    for (Shape shape : withAllAbove(name)) {
      shape.above.stream().filter(above -> find(above).isEmpty()).forEach(missing::add);
    }
    return missing;
  }

  /** A class, the classes above it from the nearest on, then the interfaces of all of them. */
  private List<Shape> withAllAbove(String name) {
    List<Shape> all = new ArrayList<>();
    Optional<Shape> shape = find(name);
    while (shape.isPresent()) {
      all.add(shape.get());
      shape = shape.get().superclass().flatMap(this::find);
    }
    for (int i = 0; i < all.size(); i++) {
      for (String above : all.get(i).above) {
        find(above).filter(found -> !all.contains(found)).ifPresent(all::add);
      }
    }
    return all;
  }

  @Override
  public void close() throws IOException {
    for (JarFile jar : jars) {
      jar.close();
    }
  }

  /** A method or a field where it is declared. */
  record Member(Shape owner, int access) {
    boolean isAbstract() {
      return (access & Opcodes.ACC_ABSTRACT) != 0;
    }

    boolean isStatic() {
      return (access & Opcodes.ACC_STATIC) != 0;
    }

    /** Whether other packages may use it, all or those of classes below its own. */
    boolean isVisible() {
      return (access & (Opcodes.ACC_PUBLIC | Opcodes.ACC_PROTECTED)) != 0;
    }
  }

  /** What a class is to others. */
  static final class Shape {
    private final ClassReader reader;
    private final List<String> above = new ArrayList<>();
    private final Map<String, Integer> methods = new HashMap<>();
    private final Map<String, Integer> fields = new HashMap<>();

    private Shape(ClassReader reader) {
      this.reader = reader;
      superclass().ifPresent(above::add);
      above.addAll(List.of(reader.getInterfaces()));
      reader.accept(
          new ClassVisitor(Opcodes.ASM9) {
            @Override
            public MethodVisitor visitMethod(
                int access, String name, String type, String generic, String[] thrown) {
              methods.put(name + type, access);
              return null;
            }

            @Override
            public FieldVisitor visitField(
                int access, String name, String type, String generic, Object value) {
              fields.put(name + type, access);
              return null;
            }
          },
          ClassReader.SKIP_CODE | ClassReader.SKIP_DEBUG | ClassReader.SKIP_FRAMES);
    }

    static Shape of(InputStream in) throws IOException {
      return new Shape(new ClassReader(in));
    }

    Optional<String> superclass() {
      return Optional.ofNullable(reader.getSuperName());
    }

    boolean isInterface() {
      return (reader.getAccess() & Opcodes.ACC_INTERFACE) != 0;
    }
  }
}
