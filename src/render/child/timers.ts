/** A timer that fires later than this is not waited for: it is a clock, a slide show or a poll. */
const SOON_MS = 500;
/** The longest chain of timers, each of which starts the next, that is waited for. */
const MAX_CHAIN = 3;
/** A page that is busy for longer than this is not waited for. */
const BUSY_MS = 1000;
const KEY = "Symbol.for('ollagraph.timers')";

/**
 * Watches the timers of a page; runs in it before its own scripts. Applications defer what they
 * show by a fraction of a second, React by up to 300 ms.
 */
export const WATCH_TIMERS = `(() => {
  const { setTimeout: set, clearTimeout: clear, requestIdleCallback: whenIdle } = window;
  const due = new Map();
  let chain = 0;
  window.setTimeout = function setTimeout(run, ms, ...values) {
    const links = chain + 1;
    if (typeof run !== 'function' || ms > ${SOON_MS} || links > ${MAX_CHAIN})
      return set.call(window, run, ms, ...values);
    const id = set.call(window, function () {
      due.delete(id);
      chain = links;
      try {
        return run.apply(this, arguments);
      } finally {
        chain = 0;
      }
    }, ms, ...values);
    due.set(id, performance.now() + (Number(ms) || 0));
    return id;
  };
  window.clearTimeout = function clearTimeout(id) {
    due.delete(id);
    clear.call(window, id);
  };
  const leftMs = () => (due.size === 0 ? 0 : Math.max(1, Math.max(...due.values()) - performance.now()));
  const idle = () => new Promise((resolve) => whenIdle.call(window, resolve, { timeout: ${BUSY_MS} }));
  Object.defineProperty(window, ${KEY}, { value: async () => (await idle(), leftMs()) });
})()`;

/**
 * Runs in a page, when its scripts have nothing to do: the milliseconds until the last timer that
 * is waited for has fired; 0: there is none.
 */
export const TIMERS_LEFT_MS = `window[${KEY}]?.() ?? 0`;
