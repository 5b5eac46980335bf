/**
 * The first chunk, and an iterable to use in place of `chunks`; null where there are none. Rejects
 * with what the first throws.
 */
export async function peek<T>(chunks: AsyncIterable<T>): Promise<{ first: T; all: AsyncIterable<T> } | null> {
  const iterator = chunks[Symbol.asyncIterator]();
  const { done, value: first } = await iterator.next();
  return done === true ? null : { first, all: startingWith(first, iterator) };
}

async function* startingWith<T>(first: T, others: AsyncIterator<T>): AsyncGenerator<T> {
  try {
    yield first;
    yield* { [Symbol.asyncIterator]: () => others };
  } finally {
    await others.return?.();
  }
}
