interface Armed {
  name: string;
  passes: number;
}

let armed: Armed | null = null;

/**
 * For tests of crashes: lets this thread's nth pass of the named point, given as `name` or
 * `name:nth`, kill the process.
 */
export function armCrashPoint(spec: string | undefined): void {
  const [name = '', nth = '1'] = spec?.split(':') ?? [];
  armed = name === '' ? null : { name, passes: Number(nth) };
}

/** A place at which a process may be killed as by `kill -9`; does nothing unless it was armed. */
export function crashPoint(name: CrashPoint): void {
  if (armed?.name === name && --armed.passes === 0) process.kill(process.pid, 'SIGKILL');
}

/** Before and after every commit and every request whose loss somebody could notice. */
export const CRASH_POINTS = [
  'job.create', // everything written, not committed
  'job.created', // committed, the caller not answered
  'job.cancel',
  'job.cancelled',
  'job.finish', // in the transaction that ends a job: state and credits written, no delivery yet
  'slice.fetched', // the queue's entry is ours, nothing done
  'slice.settle', // results written, not committed
  'slice.settled', // committed, more to come
  'slice.end', // the queue's entry completed, not committed
  'slice.ended',
  'delivery.append', // the outbox row written, not committed
  'delivery.begin', // the outbox row written already leased, not committed
  'delivery.begun', // committed, its dispatcher not told
  'delivery.handed', // with its dispatcher, nothing sent
  'delivery.claimed', // attempts begun and committed, nothing sent
  'delivery.link', // the link to the pages made, not stored
  'delivery.linked', // stored, nothing sent
  'delivery.send', // just before the request
  'delivery.sent', // the receiver has answered, nothing recorded
  'delivery.record', // recorded, not committed
  'delivery.recorded',
  'delivery.redeliver',
  'delivery.redelivered',
  'recover.batch', // one batch of several moved back, not committed
  'recover.moved',
  'secret.rotate', // before the new secret is stored
  'secret.rotated', // stored, the caller not answered
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];
