/**
 * Loaded before the service (`node --import`), in each of its threads: its clock steps by
 * CLOCK_STEP_MS, CLOCK_STEP_AFTER_MS after the process started. Timers go on: they follow the
 * monotonic clock, as they do when a real clock is set.
 */
const { CLOCK_STEP_MS = '0', CLOCK_STEP_AFTER_MS = '0' } = process.env;
const step = Number(CLOCK_STEP_MS);
const stepAt = Date.now() - process.uptime() * 1000 + Number(CLOCK_STEP_AFTER_MS);
const RealDate = Date;

const steppedNow = () => {
  const now = RealDate.now();
  return now < stepAt ? now : now + step;
};

globalThis.Date = new Proxy(RealDate, {
  construct: (target, parameters: [], newTarget) =>
    Reflect.construct(target, parameters.length === 0 ? [steppedNow()] : parameters, newTarget),
  get: (target, property, receiver) =>
    property === 'now' ? steppedNow : Reflect.get(target, property, receiver),
});
