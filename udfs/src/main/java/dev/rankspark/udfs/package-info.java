/** SQL functions over the library, to be registered with a Spark session. */
package dev.rankspark.udfs;
