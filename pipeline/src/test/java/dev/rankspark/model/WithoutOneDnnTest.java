package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import ai.djl.Model;
import java.io.ByteArrayInputStream;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs as macOS gets them, whose libtorch has no oneDNN. */
class WithoutOneDnnTest {
  @ParameterizedTest
  @ValueSource(strings = {"Decoder", "Trainer", "Products"})
  void itLoadsAndAsksForNoneOfItsOperators(String className) {
    String program =
        Program.withoutOneDnn(Program.source(className.toLowerCase(Locale.ROOT) + ".py"));
    String parts =
        Program.withoutOneDnn(Program.source("parts.py"))
            .replace("__torch__.CLASS", "__torch__." + className);
    String whole = (program + parts).replace("ops.rankspark.", "self.");
    Torch.engine();

    assertThat(whole).doesNotContain("ops.mkldnn", "ops.rankspark.");
    assertThatCode(
            () -> {
              try (Model model = Model.newInstance(className, "PyTorch")) {
                model.load(new ByteArrayInputStream(ScriptArchive.pack(className, whole)));
              }
            })
        .doesNotThrowAnyException();
  }

  @Test
  void eachProductIsLibtorchsOwn() {
    String none = "annotate(List[Optional[number]], []), \"\")";
    assertThat(
            Program.withoutOneDnn(
                "ops.mkldnn._linear_pointwise(x, w, None, \"swish\", "
                    + none
                    + "; ops.mkldnn._linear_pointwise(a, x, w[1], None, \"add\")"
                    + "; ops.mkldnn._reorder_linear_weight(w, rows)"))
        .isEqualTo("torch.silu(torch.linear(x, w)); torch.add(torch.linear(a, w[1]), x); w");
  }
}
