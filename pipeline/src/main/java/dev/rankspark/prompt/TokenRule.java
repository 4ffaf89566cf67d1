package dev.rankspark.prompt;

import dev.rankspark.OptionException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/** From a prompt's texts to the tokens that a model sees of them: what is added and what is cut. */
@FunctionalInterface
interface TokenRule {
  /** The tokens of texts, in their order. */
  List<PairTokens> encode(List<String> texts, Tokenizer tokenizer);

  /** Where the tokenizer itself cuts, if it does. */
  static OptionalInt cutByTokenizer(Prompt prompt) {
    if (prompt instanceof PromptOptions options) {
      return OptionalInt.of(options.maxLength() - (options.appendEos() ? 1 : 0));
    }
    return prompt instanceof PairPrompt pair
        ? OptionalInt.of(pair.maxLength())
        : OptionalInt.empty();
  }

  /**
   * The rule of a prompt.
   *
   * @throws InputException if its fixed parts do not fit it
   */
  static TokenRule of(Prompt prompt, TokenizerFiles files, Tokenizer tokenizer) {
    if (prompt instanceof PromptOptions options) {
      int eosId = options.appendEos() ? files.eosId() : 0;
      return (texts, with) -> tevatron(texts, with, options.appendEos(), eosId);
    }
    if (prompt instanceof PairPrompt) {
      return TokenRule::pairs;
    }
    files.refuseLeft();
    if (prompt instanceof FramedPrompt framed) {
      return framed(framed, tokenizer);
    }
    if (prompt instanceof MxbaiPrompt mxbai) {
      return mxbai(mxbai, tokenizer);
    }
    return whole((WholePrompt) prompt, tokenizer);
  }

  /** Tevatron's {@code RerankerInferenceCollator}. */
  private static List<PairTokens> tevatron(
      List<String> texts, Tokenizer tokenizer, boolean appendEos, int eosId) {
    return tokenizer.encode(texts, /* addSpecialTokens= */ true).stream()
        .map(
            encoding -> {
              long[] ids = encoding.getIds();
              return new PairTokens(
                  appendEos ? joined(ids, new long[] {eosId}) : ids, encoding.exceedMaxLength());
            })
        .toList();
  }

  private static List<PairTokens> pairs(List<String> texts, Tokenizer tokenizer) {
    return tokenizer.encodePairs(texts.stream().map(PairParts::split).toList()).stream()
        .map(encoding -> new PairTokens(encoding.getIds(), encoding.exceedMaxLength()))
        .toList();
  }

  private static TokenRule framed(FramedPrompt prompt, Tokenizer tokenizer) {
    long[] before = tokenizer.ids(prompt.before());
    long[] after = tokenizer.ids(prompt.after());
    int room = room(prompt.maxLength(), before.length + after.length);
    return (texts, with) ->
        with.encode(texts, /* addSpecialTokens= */ true).stream()
            .map(
                encoding -> {
                  long[] body = encoding.getIds();
                  return new PairTokens(joined(before, cut(body, room), after), body.length > room);
                })
            .toList();
  }

  private static TokenRule mxbai(MxbaiPrompt prompt, Tokenizer tokenizer) {
    long[] before = tokenizer.ids(MxbaiPrompt.BEFORE);
    long[] separator = tokenizer.ids(MxbaiPrompt.SEPARATOR);
    long[] task = tokenizer.ids(MxbaiPrompt.TASK);
    long[] after = tokenizer.ids(MxbaiPrompt.AFTER);
    int fixed = before.length + separator.length + task.length + after.length;
    int most = Math.min(prompt.length(), room(prompt.positions(), fixed));
    int ofQuery = (int) (most * 3L / 4);
    return (texts, with) -> {
      List<PairParts> pairs = texts.stream().map(PairParts::split).toList();
      List<long[]> queries = ids(pairs.stream().map(PairParts::query), with);
      List<long[]> documents = ids(pairs.stream().map(PairParts::document), with);
      List<PairTokens> tokens = new ArrayList<>();
      for (int i = 0; i < pairs.size(); i++) {
        long[] query = cut(queries.get(i), ofQuery);
        long[] whole = joined(separator, documents.get(i));
        long[] document = cut(whole, most - query.length);
        boolean isCut = query.length < queries.get(i).length || document.length < whole.length;
        tokens.add(new PairTokens(joined(before, query, document, separator, task, after), isCut));
      }
      return tokens;
    };
  }

  private static List<long[]> ids(Stream<String> texts, Tokenizer tokenizer) {
    return tokenizer.encode(texts.toList(), /* addSpecialTokens= */ false).stream()
        .map(encoding -> encoding.getIds())
        .toList();
  }

  private static TokenRule whole(WholePrompt prompt, Tokenizer tokenizer) {
    long[] suffix = suffix(prompt, tokenizer);
    int most = prompt.maxLength();
    room(most, suffix.length);
    return (texts, with) ->
        with.encode(texts, prompt.addSpecialTokens()).stream()
            .map(
                encoding -> {
                  long[] all = encoding.getIds();
                  long[] ids = cut(all, most);
                  if (all.length >= most) {
                    System.arraycopy(suffix, 0, ids, most - suffix.length, suffix.length);
                  }
                  return new PairTokens(ids, all.length > most);
                })
            .toList();
  }

  /** The tokens that texts of any query and document end with. */
  private static long[] suffix(WholePrompt prompt, Tokenizer tokenizer) {
    long[] one = tokenizer.ids(prompt.rendering().render("0", "0"));
    long[] other = tokenizer.ids(prompt.rendering().render("1 2 3 4", "1 2 3 4"));
    int shorter = Math.min(one.length, other.length);
    int same = 0;
    while (same < shorter && one[one.length - 1 - same] == other[other.length - 1 - same]) {
      same++;
    }
    return same == shorter ? new long[0] : Arrays.copyOfRange(one, one.length - same, one.length);
  }

  /** The tokens that are left for a pair. */
  private static int room(int most, int fixed) {
    if (most <= fixed) {
      throw OptionException.of(
          "--rerank-max-len: expected more than the %d tokens of the prompt itself, got %d",
          fixed, most);
    }
    return most - fixed;
  }

  private static long[] cut(long[] ids, int most) {
    return ids.length > most ? Arrays.copyOf(ids, most) : ids;
  }

  private static long[] joined(long[]... parts) {
    return Stream.of(parts).flatMapToLong(LongStream::of).toArray();
  }
}
