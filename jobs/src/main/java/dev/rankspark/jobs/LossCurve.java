package dev.rankspark.jobs;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.files.OutputDirectory;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** A picture of a training's log: the loss, and what was evaluated, by step. */
final class LossCurve {
  static final String FILE = "loss.png";

  private LossCurve() {}

  /**
   * Writes {@value #FILE}, unless the log has no losses. A machine that cannot draw (a Java without
   * fonts) gets a line instead: the training is done, and its log is there.
   */
  static void write(String outputDir, List<ObjectNode> log, PrintWriter err) {
    List<ObjectNode> losses = log.stream().filter(line -> line.has("loss")).toList();
    if (losses.isEmpty()) {
      return;
    }
    try (OutputDirectory directory = OutputDirectory.create(outputDir, HadoopSettings.ofDriver())) {
      byte[] png = BitmapEncoder.getBitmapBytes(chart(losses), BitmapEncoder.BitmapFormat.PNG);
      directory.write(FILE, out -> out.write(png));
      directory.commitInto(name -> false);
    } catch (IOException | LinkageError | java.awt.AWTError e) {
      err.println("rankspark: " + FILE + " was not drawn: " + e.getMessage());
    }
  }

  private static XYChart chart(List<ObjectNode> losses) {
    System.setProperty("java.awt.headless", "true");
    XYChart chart =
        new XYChartBuilder()
            .width(900)
            .height(500)
            .title("Training loss")
            .xAxisTitle("step")
            .yAxisTitle("loss")
            .build();
    chart
        .addSeries(
            "loss",
            losses.stream().mapToDouble(line -> line.path("step").doubleValue()).toArray(),
            losses.stream().mapToDouble(line -> line.path("loss").doubleValue()).toArray())
        .setMarker(SeriesMarkers.NONE);
    return chart;
  }
}
