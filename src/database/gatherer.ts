/**
 * Reads what many ask for again and again, such as streams that watch jobs, with one query at a
 * time: those who ask while it runs share the next one, however many they are. Nobody gets what was
 * read before they asked. Where the query fails, each group asks alone: on several database
 * machines one that is away then keeps nothing from those who need another.
 */
export class Gatherer<Value> {
  readonly #load: (keys: string[]) => Promise<ReadonlyMap<string, Value>>;
  readonly #groupOf: (key: string) => string;
  #next = new Map<string, Group<Value>>();
  #loading = false;

  /** `load` returns the values that there are, by key. */
  constructor(
    load: (keys: string[]) => Promise<ReadonlyMap<string, Value>>,
    groupOf: (key: string) => string = () => '',
  ) {
    this.#load = load;
    this.#groupOf = groupOf;
  }

  /** The value of a key; null where there is none. Rejects with what `load` does. */
  async get(key: string): Promise<Value | null> {
    const name = this.#groupOf(key);
    const group = this.#next.get(name) ?? { keys: new Set(), values: Promise.withResolvers() };
    this.#next.set(name, group);
    group.keys.add(key);
    if (!this.#loading) void this.#loadAll();
    return (await group.values.promise).get(key) ?? null;
  }

  async #loadAll(): Promise<void> {
    this.#loading = true;
    while (this.#next.size > 0) {
      const groups = [...this.#next.values()];
      this.#next = new Map();
      if (groups.length === 1 || !(await this.#loadTogether(groups)))
        for (const { keys, values } of groups)
          await this.#load([...keys]).then(values.resolve, values.reject);
    }
    this.#loading = false;
  }

  /** Returns whether it went well. */
  async #loadTogether(groups: Group<Value>[]): Promise<boolean> {
    const loaded = await this.#load(groups.flatMap(({ keys }) => [...keys])).catch(() => null);
    if (loaded === null) return false;
    for (const { values } of groups) values.resolve(loaded);
    return true;
  }
}

/** Keys that are asked for, and what becomes of them. */
interface Group<Value> {
  keys: Set<string>;
  values: PromiseWithResolvers<ReadonlyMap<string, Value>>;
}
