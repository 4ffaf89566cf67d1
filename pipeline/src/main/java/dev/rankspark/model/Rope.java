package dev.rankspark.model;

import java.io.Serializable;

/**
 * Rotary positions (arXiv:2104.09864).
 *
 * @param theta base of the frequencies
 * @param scaling what becomes of these frequencies
 */
record Rope(double theta, RopeScaling scaling) implements Serializable {

  /** Of the pairs of one head, in radians per position. */
  float[] frequencies(int headDim) {
    float[] powers = new float[headDim / 2];
    for (int i = 0; i < powers.length; i++) {
      float exponent = (float) (2 * i) / headDim;
      powers[i] = (float) Math.pow((float) theta, exponent);
    }
    return scaling.frequencies(powers, theta);
  }
}
