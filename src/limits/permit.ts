/** A share of something scarce. Disposing of it gives it back; doing so again changes nothing. */
export interface Permit extends Disposable {
  readonly amount: number;
  /** Gives back what is held above `amount`. */
  shrink(amount: number): void;
}

/** A permit for `amount`, which calls `release` with each part that is given back. */
export function createPermit(amount: number, release: (amount: number) => void): Permit {
  let held = amount;
  const shrink = (kept: number) => {
    if (kept >= held) return;
    const returned = held - kept;
    held = kept;
    release(returned);
  };
  return {
    get amount() {
      return held;
    },
    shrink,
    [Symbol.dispose]: () => shrink(0),
  };
}
