/**
 * Chat templates, which are programs in Jinja that come with a model: an interpreter of our own for
 * the part of the language that templates of rerankers use, equal to jinja2 with the settings of
 * transformers; what is not of that part is refused by its name.
 *
 * <p>Libraries for Java were tried first, in November 2026:
 *
 * <ul>
 *   <li>jinjava 2.8.4 cannot parse {@code [::-1]} or {@code 1 < 2 < 3}, and without a word renders
 *       {@code for ... if} as nothing, {@code True} as {@code true}, {@code -7 % 3} as -1, {@code
 *       '1' == 1} as true, a member of what is undefined as nothing, and counts a text's UTF-16
 *       units. Filters and resolvers of ours can mend none of these. It brings 9.5 MB with Guava,
 *       Jackson 2.20 and javassist, beside Spark's own, and reaches into Java objects.
 *   <li>hfjinja 1.0 (Java 21) follows JavaScript's values, and jinja4j (Java 25) needs a newer Java
 *       than Spark.
 * </ul>
 */
package dev.rankspark.template;
