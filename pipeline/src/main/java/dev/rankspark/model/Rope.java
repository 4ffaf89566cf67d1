package dev.rankspark.model;

import java.io.Serializable;

/**
 * Rotary positions (arXiv:2104.09864).
 *
 * @param theta base of the frequencies
 * @param scaling what becomes of these frequencies
 */
record Rope(double theta, RopeScaling scaling) implements Serializable {}
