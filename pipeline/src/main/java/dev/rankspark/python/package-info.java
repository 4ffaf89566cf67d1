/**
 * Python's rules for text, numbers and JSON, on which the equality of our files with Tevatron's
 * rests: what white space is, how a float is read and printed, how {@code json.dumps} writes. Plain
 * Java.
 */
package dev.rankspark.python;
