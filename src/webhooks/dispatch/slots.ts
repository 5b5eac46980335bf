interface Waiting {
  key: string;
  admit: () => void;
}

/** A fixed number of places of which no key holds more than one; whoever finds none waits in line. */
export class Slots {
  readonly #places: number;
  readonly #taken = new Set<string>();
  readonly #waiting: Waiting[] = [];

  constructor(places: number) {
    this.#places = places;
  }

  /** Runs the task in a place of its own. */
  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    if (this.#mayEnter(key)) this.#taken.add(key);
    else await new Promise<void>((admit) => this.#waiting.push({ key, admit }));
    try {
      return await task();
    } finally {
      this.#taken.delete(key);
      this.#admitNext();
    }
  }

  #mayEnter(key: string): boolean {
    return this.#taken.size < this.#places && !this.#taken.has(key);
  }

  #admitNext(): void {
    const next = this.#waiting.findIndex(({ key }) => this.#mayEnter(key));
    if (next < 0) return;
    const [{ key, admit }] = this.#waiting.splice(next, 1) as [Waiting];
    this.#taken.add(key);
    admit();
  }
}
