/**
 * What every part shares: the two exceptions whose message is meant for the user. Everything else
 * lives in the package of its concept; dependencies go one way, everything to {@code run}, {@code
 * score} to {@code model} to {@code checkpoint}.
 */
package dev.rankspark;
