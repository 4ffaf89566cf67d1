/**
 * What every part shares: the exceptions whose message is meant for the user. Everything else lives
 * in the package of its concept; CONTRIBUTING.md has the arrows between them.
 */
package dev.rankspark;
