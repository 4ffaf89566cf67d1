package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A call's arguments are found by name; one that a side has and the other has not is an error. */
class ProgramCallTest {
  private final NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch");
  private final Program program = new Program("Trainer", Device.cpu());

  @AfterEach
  void close() {
    program.close();
    manager.close();
  }

  @Test
  void argumentsAreGivenInAnyOrder() {
    PtNDArray target = (PtNDArray) manager.zeros(new Shape(3));
    try (ProgramCall call = program.call("put", manager)) {
      call.with("source", (PtNDArray) manager.create(new float[] {7})).with("at", 1);
      call.with("target", target).run();
    }
    assertThat(target.toFloatArray()).containsExactly(0, 7, 0);
  }

  @Test
  void aParameterThatIsNotGiven() {
    try (ProgramCall call = program.call("put", manager)) {
      assertThatThrownBy(call.with("at", 1)::run).hasMessage("put lacks target, source");
    }
  }

  @Test
  void anArgumentThatTheProgramHasNot() {
    try (ProgramCall call = program.call("put", manager)) {
      assertThatThrownBy(() -> call.with("to", 1)).hasMessage("to of put: no such parameter");
    }
  }

  @Test
  void anArgumentOfAnotherTypeOrTwice() {
    try (ProgramCall call = program.call("put", manager)) {
      assertThatThrownBy(() -> call.with("at", 1.0))
          .hasMessage("at of put: expected int, got float");
      call.with("at", 1);
      assertThatThrownBy(() -> call.with("at", 1)).hasMessage("at of put: given twice");
    }
  }

  @Test
  void aMethodThatTheProgramHasNot() {
    assertThatThrownBy(() -> program.call("steps", manager)).hasMessage("no method steps");
  }
}
