import type { MessagePort } from 'node:worker_threads';
import { movable } from '../../own-memory.ts';
import { PageError } from '../../scrape/types.ts';
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
  const send = (message: FromReaders, moved: ArrayBuffer[] = []) => port.postMessage(message, moved);
  try {
    // The Buffer arrives as a plain array of bytes.
    const body = Buffer.from(request.page.body.buffer);
    const page = { ...request.page, body };
    const reading = await pool.read(accountId, { ...request, page }, signal);
    const fragment = movable(reading.fragment);
    send({ type: 'read', id, reading: { ...reading, fragment } }, [fragment.buffer]);
  } catch (error) {
    if (error instanceof PageError) send({ type: 'failed', id, code: error.code, cause: causeOf(error) });
    else send({ type: 'failed', id, code: 'internal_error', cause: String(error) });
  }
}

function causeOf({ cause, message }: PageError): string {
  return typeof cause === 'string' ? cause : message;
}
