/**
 * Reads what many ask for again and again, such as streams that watch jobs, with one query at a
 * time: those who ask while it runs share the next one, however many they are. Nobody gets what was
 * read before they asked.
 */
export class Gatherer<Value> {
  readonly #load: (keys: string[]) => Promise<ReadonlyMap<string, Value>>;
  #next: { keys: Set<string>; values: PromiseWithResolvers<ReadonlyMap<string, Value>> } | null = null;
  #loading = false;

  /** `load` returns the values that there are, by key. */
  constructor(load: (keys: string[]) => Promise<ReadonlyMap<string, Value>>) {
    this.#load = load;
  }

  /** The value of a key; null where there is none. Rejects with what `load` does. */
  async get(key: string): Promise<Value | null> {
    this.#next ??= { keys: new Set(), values: Promise.withResolvers() };
    const { keys, values } = this.#next;
    keys.add(key);
    if (!this.#loading) void this.#loadAll();
    return (await values.promise).get(key) ?? null;
  }

  async #loadAll(): Promise<void> {
    this.#loading = true;
    for (let now = this.#next; now !== null; now = this.#next) {
      this.#next = null;
      await this.#load([...now.keys]).then(now.values.resolve, now.values.reject);
    }
    this.#loading = false;
  }
}
