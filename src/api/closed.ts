import type { Response } from 'express';

/** Aborts when the answer's connection is done with it: because it was sent, or because the client has gone and nobody waits any more. */
export function untilClosed(res: Response): AbortSignal {
  const closed = new AbortController();
  res.once('close', () => closed.abort());
  return closed.signal;
}
