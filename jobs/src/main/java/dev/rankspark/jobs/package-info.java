/**
 * The command line: one class per command, each a thin shell that fills an options record of the
 * library, and the main class that maps errors to exit codes.
 */
package dev.rankspark.jobs;
