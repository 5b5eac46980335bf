/** The first `count` entries. */
export async function take<T>(entries: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const entry of entries) {
    taken.push(entry);
    if (taken.length === count) break;
  }
  return taken;
}
