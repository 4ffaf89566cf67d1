package dev.rankspark.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UserCacheTest {
  @TempDir private Path folder;

  @Test
  void whatWasWrittenIsReadByItsKey() {
    UserCache cache = UserCache.in(folder.resolve("made/when/needed"));
    assertThat(cache.read("a")).isEmpty();
    cache.write("a", "1\n2");
    cache.write("a b\n\"c\"", "3");
    assertThat(cache.read("a")).hasValue("1\n2");
    assertThat(cache.read("a b\n\"c\"")).hasValue("3");
    cache.write("a", "4");
    assertThat(UserCache.in(folder.resolve("made/when/needed")).read("a")).hasValue("4");
  }

  @Test
  void aFileThatIsCutOrOfAnotherKeyIsNotRead() throws IOException {
    UserCache cache = UserCache.in(folder);
    cache.write("a", "1");
    Path file = folder.resolve(folder.toFile().list()[0]);
    String whole = Files.readString(file);
    for (String broken :
        new String[] {"", whole.substring(0, 10), "[]", "{\"key\": \"a\"}", "1", "{\"value\":1}"}) {
      Files.writeString(file, broken);
      assertThat(cache.read("a")).as(broken).isEmpty();
    }
    Files.writeString(file, whole.replace("\"a\"", "\"b\""));
    assertThat(cache.read("a")).isEmpty();
  }

  @Test
  void aFolderThatCannotBeMadeRemembersNothing() throws IOException {
    UserCache cache = UserCache.in(Files.writeString(folder.resolve("file"), "").resolve("in"));
    cache.write("a", "1");
    assertThat(cache.read("a")).isEmpty();
  }
}
