import type { MessagePort } from 'node:worker_threads';
import { movable } from '../../memory/own-memory.ts';
import { PageError, type PageErrorCode } from '../../scrape/types.ts';
import type { ReaderPool } from './reader-pool.ts';
import type { FromReaders, ToReaders } from './reading-client.ts';

/**
 * Reads in `pool` what the thread at the other end of the port asks for. When that thread ends, by
 * whatever cause, so do the readings that it waits for.
 */
export function serveReadings(port: MessagePort, pool: ReaderPool): void {
  const underWay = new Map<number, AbortController>();
  port.on('message', (message: ToReaders) => {
    if (message.type === 'give_up') return underWay.get(message.id)?.abort();
    const aborted = new AbortController();
    underWay.set(message.id, aborted);
    void answer(port, pool, message, aborted.signal).finally(() => underWay.delete(message.id));
  });
  port.on('close', () => {
    for (const aborted of underWay.values()) aborted.abort();
  });
}

async function answer(
  port: MessagePort,
  pool: ReaderPool,
  { id, accountId, request }: Extract<ToReaders, { type: 'read' }>,
  signal: AbortSignal,
): Promise<void> {
  let waitedMs = 0;
  const onWaited = (ms: number) => (waitedMs += ms);
  try {
    // The Buffer arrives as a plain array of bytes.
    const body = Buffer.from(request.page.body.buffer);
    const page = { ...request.page, body };
    const reading = await pool.read(accountId, { ...request, page }, { signal, onWaited });
    const fragment = movable(reading.fragment);
    const message: FromReaders = { type: 'read', id, waitedMs, reading: { ...reading, fragment } };
    port.postMessage(message, [fragment.buffer]);
  } catch (error) {
    const { code, cause } = failureOf(error);
    const message: FromReaders = { type: 'failed', id, waitedMs, code, cause };
    port.postMessage(message);
  }
}

function failureOf(error: unknown): { code: PageErrorCode; cause: string } {
  if (!(error instanceof PageError)) return { code: 'internal_error', cause: String(error) };
  const { code, cause, message } = error;
  return { code, cause: typeof cause === 'string' ? cause : message };
}
