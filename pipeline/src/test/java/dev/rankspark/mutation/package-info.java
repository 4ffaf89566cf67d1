/**
 * Random changes of files: what makes them, what watches over each, and the other reading of JSON
 * that results are compared with. The tests are in the packages whose files they change.
 */
package dev.rankspark.mutation;
