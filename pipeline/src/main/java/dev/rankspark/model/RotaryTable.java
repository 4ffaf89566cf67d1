package dev.rankspark.model;

/**
 * Cosines and sines of the rotary position embedding (RoFormer, arXiv:2104.09864), rounded step by
 * step as {@code LlamaRotaryEmbedding} of transformers rounds them: frequencies and angles are
 * float32 there, so a more exact table would move scores of long texts away from the reference.
 *
 * @param cos (positions, headDim), row-major; the second half of a row repeats the first
 * @param sin likewise, the first half of a row negative: a rotation is {@code x cos + swapped(x)
 *     sin}, where {@code swapped} exchanges the halves of a row
 */
record RotaryTable(float[] cos, float[] sin) {

  static RotaryTable of(int positions, int headDim, Rope rope) {
    float[] cos = new float[positions * headDim];
    float[] sin = new float[positions * headDim];
    int half = headDim / 2;
    float[] frequencies = rope.frequencies(headDim);
    float factor = rope.scaling().attentionFactor();
    for (int i = 0; i < half; i++) {
      for (int position = 0; position < positions; position++) {
        float angle = position * frequencies[i];
        int at = position * headDim + i;
        cos[at] = (float) Math.cos(angle) * factor;
        cos[at + half] = cos[at];
        sin[at + half] = (float) Math.sin(angle) * factor;
        sin[at] = -sin[at + half];
      }
    }
    return new RotaryTable(cos, sin);
  }
}
