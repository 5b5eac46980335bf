interface Entry<T> {
  value: T;
  uses: number;
}

/** Something that each account has for itself while it is in use: made for the first user, and forgotten after the last. */
export class PerAccount<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #make: () => T;

  constructor(make: () => T) {
    this.#make = make;
  }

  /** What the account has, until it is disposed of. */
  borrow(accountId: string): { value: T } & Disposable {
    const entry = this.#entries.get(accountId) ?? { value: this.#make(), uses: 0 };
    this.#entries.set(accountId, entry);
    entry.uses++;
    return {
      value: entry.value,
      [Symbol.dispose]: () => {
        if (--entry.uses === 0) this.#entries.delete(accountId);
      },
    };
  }
}
