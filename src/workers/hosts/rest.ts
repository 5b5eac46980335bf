const KEPT = 1000;

/** The hosts that a thread knows to have asked for a pause. What it does not know yet, the table `hosts` does. */
export class RestingHosts {
  /** By host, until when on the clock of performance.now(). */
  readonly #until = new Map<string, number>();

  rest(host: string, seconds: number): void {
    this.#until.delete(host);
    this.#until.set(host, performance.now() + seconds * 1000);
    if (this.#until.size > KEPT) this.#until.delete(this.#until.keys().next().value!);
  }

  /** Seconds that the host still rests, or null. */
  secondsLeft(host: string): number | null {
    const until = this.#until.get(host);
    if (until === undefined) return null;
    const left = (until - performance.now()) / 1000;
    if (left > 0) return left;
    this.#until.delete(host);
    return null;
  }
}
