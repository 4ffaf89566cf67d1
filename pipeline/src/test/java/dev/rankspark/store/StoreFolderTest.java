package dev.rankspark.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A folder of a store on a file system that loses answers and breaks off. */
class StoreFolderTest {
  private static final byte[] CONTENT = "scores".getBytes(StandardCharsets.UTF_8);

  @TempDir private java.nio.file.Path local;

  private final Faulty system = new Faulty();
  private StoreFolder folder;

  @BeforeEach
  void start() throws IOException {
    system.initialize(URI.create("file:///"), new Configuration());
    folder = new StoreFolder(system, new Path(local.toUri()));
  }

  /** Does what it is asked for, and does not say so, or not at all. */
  private static final class Faulty extends RawLocalFileSystem {
    int renamesWithoutAnswer;
    int renamesThatFail;
    int readsThatBreakOff;

    @Override
    public boolean rename(Path from, Path to) throws IOException {
      if (renamesThatFail-- > 0) {
        throw new IOException("not now");
      }
      boolean done = super.rename(from, to);
      if (renamesWithoutAnswer-- > 0) {
        throw new IOException("the answer was lost");
      }
      return done;
    }

    @Override
    public FSDataInputStream open(Path file, int buffer) throws IOException {
      if (readsThatBreakOff-- > 0) {
        return new FSDataInputStream(new Half(CONTENT));
      }
      return super.open(file, buffer);
    }
  }

  /** The first half of a file. */
  private static final class Half extends FSInputStream {
    private final InputStream half;

    Half(byte[] content) {
      half = new ByteArrayInputStream(content, 0, content.length / 2);
    }

    @Override
    public int read() throws IOException {
      return half.read();
    }

    @Override
    public int read(byte[] to, int from, int length) throws IOException {
      return half.read(to, from, length);
    }

    @Override
    public void seek(long position) {
      throw new UnsupportedOperationException();
    }

    @Override
    public long getPos() {
      return 0;
    }

    @Override
    public boolean seekToNewSource(long target) {
      return false;
    }
  }

  @Test
  void aRenameWhoseAnswerWasLostHasHappened() throws IOException {
    system.renamesWithoutAnswer = 1;
    folder.write("a.json", CONTENT);
    assertThat(folder.read("a.json")).isEqualTo(CONTENT);
    assertThat(folder.unfinished()).isEmpty();
  }

  @Test
  void aRenameThatFailedIsTriedAgain() throws IOException {
    system.renamesThatFail = 2;
    folder.write("a.json", CONTENT);
    assertThat(folder.read("a.json")).isEqualTo(CONTENT);
  }

  @Test
  void aRenameThatNeverWorksPublishesNothing() throws IOException {
    system.renamesThatFail = Integer.MAX_VALUE;
    assertThatThrownBy(() -> folder.write("a.json", CONTENT)).hasMessage("not now");
    assertThat(folder.files()).isEmpty();
    assertThat(folder.unfinished()).isEmpty();
  }

  @Test
  void aReadThatBreaksOffIsTriedAgain() throws IOException {
    folder.write("a.json", CONTENT);
    system.readsThatBreakOff = 2;
    assertThat(folder.read("a.json")).isEqualTo(CONTENT);
  }

  @Test
  void whatIsUnfinishedIsNotListed() throws IOException {
    system.create(folder.aside("a.json")).close();
    assertThat(folder.files()).isEmpty();
    assertThat(folder.unfinished()).hasSize(1);
  }
}
