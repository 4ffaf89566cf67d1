/**
 * How far a job is, for whoever wants to be told: what it does, how much of it is done, how fast
 * and for how long yet, and the words for these. Plain Java; what is printed, and where, is the
 * command line's.
 */
package dev.rankspark.progress;
