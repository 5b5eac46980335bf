/** A timer that fires later than this is not waited for: it is a clock, a slide show or a poll. */
const SOON_MS = 500;
/** The longest chain of timers, each of which starts the next, that is waited for. */
const MAX_CHAIN = 3;
/** A page that is busy for longer than this is not waited for. */
const BUSY_MS = 3000;
/** What an idle callback may take, as the specification of requestIdleCallback has it. */
const IDLE_PERIOD_MS = 50;
/** How soon to look again whether what the page does when it is idle has been done. */
const IDLE_POLL_MS = 50;
const KEY = "Symbol.for('ollagraph.timers')";

/**
 * Watches the timers and idle callbacks of a page; runs in it before its own scripts. Applications
 * defer what they show by a fraction of a second, React by up to 300 ms, and some parts until the
 * page is idle.
 */
export const WATCH_TIMERS = `(() => {
  const { setTimeout: set, clearTimeout: clear, scheduler } = window;
  const due = new Map();
  const idle = new Set();
  const cancels = new Map();
  let lastIdle = 0;
  let chain = 0;
  const linked = (links, run, over) => function () {
    over();
    chain = links;
    try {
      return run.apply(this, arguments);
    } finally {
      chain = 0;
    }
  };
  window.setTimeout = function setTimeout(run, ms, ...values) {
    const links = chain + 1;
    if (typeof run !== 'function' || ms > ${SOON_MS} || links > ${MAX_CHAIN})
      return set.call(window, run, ms, ...values);
    const id = set.call(window, linked(links, run, () => due.delete(id)), ms, ...values);
    due.set(id, performance.now() + (Number(ms) || 0));
    return id;
  };
  window.clearTimeout = function clearTimeout(id) {
    due.delete(id);
    clear.call(window, id);
  };
  window.requestIdleCallback = function requestIdleCallback(run) {
    const id = ++lastIdle;
    const links = chain + 1;
    const call = linked(links, run, () => idle.delete(id));
    if (links <= ${MAX_CHAIN}) idle.add(id);
    const cancelled = new AbortController();
    cancels.set(id, cancelled);
    scheduler.postTask(() => {
      cancels.delete(id);
      const end = performance.now() + ${IDLE_PERIOD_MS};
      call.call(window, { didTimeout: false, timeRemaining: () => Math.max(0, end - performance.now()) });
    }, { priority: 'background', signal: cancelled.signal }).catch(() => {});
    return id;
  };
  window.cancelIdleCallback = function cancelIdleCallback(id) {
    idle.delete(id);
    cancels.get(id)?.abort();
    cancels.delete(id);
  };
  const timersMs = () => (due.size === 0 ? 0 : Math.max(1, Math.max(...due.values()) - performance.now()));
  const leftMs = () => Math.max(timersMs(), idle.size === 0 ? 0 : ${IDLE_POLL_MS});
  const nothingToDo = () => new Promise((resolve) => {
    set.call(window, resolve, ${BUSY_MS});
    scheduler.postTask(resolve, { priority: 'background' });
  });
  Object.defineProperty(window, ${KEY}, { value: async () => (await nothingToDo(), leftMs()) });
})()`;

/**
 * Runs in a page, when its scripts have nothing to do: the milliseconds until the last timer that
 * is waited for has fired; 0: there is none. A task of low priority tells that there is nothing to
 * do, and calls the page's own idle callbacks. The browser calls some of these only after their
 * timeout, for which a quarter of all pages waited.
 */
export const TIMERS_LEFT_MS = `window[${KEY}]?.() ?? 0`;
