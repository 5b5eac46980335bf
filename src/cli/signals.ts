/**
 * Aborts with `reason` when the process gets one of these signals, so that a command can clear up.
 * A second signal ends the process at once. Disposing stops listening.
 */
export function untilSignalled(
  names: readonly NodeJS.Signals[],
  reason: (name: NodeJS.Signals) => unknown,
): Disposable & { signal: AbortSignal } {
  const stop = new AbortController();
  const abort = (name: NodeJS.Signals) => stop.abort(reason(name));
  for (const name of names) process.once(name, abort);
  return {
    signal: stop.signal,
    [Symbol.dispose]() {
      for (const name of names) process.off(name, abort);
    },
  };
}
