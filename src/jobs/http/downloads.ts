import { KeyedSemaphore } from '../../limits/keyed-semaphore.ts';
import type { Permit } from '../../limits/permit.ts';

/**
 * Answers with stored pages that an account may have under way in this process. They may be large,
 * and fewer than the connections to the database, which others need too.
 */
const UNDER_WAY = 3;
const shares = new KeyedSemaphore(UNDER_WAY);

/**
 * Waits until the account may have another large answer. It counts until the signal of its request
 * aborts, or what is returned is disposed of. Rejects with the signal's reason where that aborts
 * before.
 */
export async function beginDownload(accountId: string, signal: AbortSignal): Promise<Permit> {
  const share = await shares.acquire(accountId, 1, signal);
  if (!share) throw signal.reason;
  const end = () => share[Symbol.dispose]();
  if (signal.aborted) end();
  signal.throwIfAborted();
  signal.addEventListener('abort', end, { once: true });
  return share;
}
