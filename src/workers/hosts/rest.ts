const MAX_HOSTS = 1000;

/** The hosts that this thread knows to have asked for a pause. Those it does not know stand in the table `hosts`. */
export class RestingHosts {
  /** By host, until when on the clock of performance.now(). */
  readonly #until = new Map<string, number>();

  rest(host: string, seconds: number): void {
    this.#until.delete(host);
    this.#until.set(host, performance.now() + seconds * 1000);
    if (this.#until.size > MAX_HOSTS) this.#until.delete(this.#until.keys().next().value!);
  }

  /** The seconds that the host still rests; zero when it does not. */
  secondsLeft(host: string): number {
    const until = this.#until.get(host);
    if (until === undefined) return 0;
    const left = (until - performance.now()) / 1000;
    if (left > 0) return left;
    this.#until.delete(host);
    return 0;
  }
}
