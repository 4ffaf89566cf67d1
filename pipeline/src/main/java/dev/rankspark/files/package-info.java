/**
 * Files as users name them and as we leave them: paths on any Hadoop file system, globs and
 * folders, text by line whatever its compression, outputs that appear whole or not at all, folders
 * for native libraries, and what is shown of a path in a message. No Spark, no DJL.
 */
package dev.rankspark.files;
