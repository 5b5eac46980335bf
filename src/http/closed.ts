import type { Response } from 'express';

/** Aborts when the answer's connection is done with it: because it was sent, or because the client has gone and nobody waits any more. */
export function untilClosed(res: Response): AbortSignal {
  const closed = new AbortController();
  // A streamed answer has almost as many listeners of its own as Node takes without a warning.
  res.setMaxListeners(res.getMaxListeners() + 1).once('close', () => closed.abort());
  return closed.signal;
}
