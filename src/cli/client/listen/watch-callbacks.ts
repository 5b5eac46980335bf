import { setTimeout as sleep } from 'node:timers/promises';
import { CliError, EXIT } from '../../failure.ts';
import type { Callback, CallbackRequest } from '../answers.ts';
import { ANSWER_TOO_LARGE, type Api } from '../api.ts';

const POLL_MS = 1000;
/**
 * A callback may appear this much later than a younger one: its transaction took longer to commit.
 */
const OVERLAP_MS = 30_000;

/** A callback with its request, or with the reason why the service cannot give it. */
export interface Incoming {
  callback: Callback;
  request: CallbackRequest | string;
}

/**
 * The account's callbacks of `since` and later, each once, in the order in which they appear, until
 * the signal aborts. While the service cannot be reached it keeps asking and calls `onTrouble`.
 * Throws any other failure.
 */
export async function* watchCallbacks(
  api: Api,
  since: Date,
  signal: AbortSignal,
  onTrouble: (message: string) => void,
): AsyncGenerator<Incoming> {
  const seen = new Map<string, number>();
  let newest = since.getTime();
  while (!signal.aborted) {
    const from = Math.max(since.getTime(), newest - OVERLAP_MS);
    const query = { since: new Date(from).toISOString(), limit: 1000 };
    try {
      for await (const callback of api.list<Callback>('/v1/callbacks', query)) {
        if (seen.has(callback.id)) continue;
        const request = await readRequest(api, callback.id);
        const at = Date.parse(callback.at);
        newest = Math.max(newest, at);
        seen.set(callback.id, at);
        yield { callback, request };
        if (signal.aborted) return;
      }
    } catch (error) {
      if (!(error instanceof CliError) || error.exitCode !== EXIT.unavailable) throw error;
      onTrouble(error.message);
    }
    for (const [id, at] of seen) if (at < from) seen.delete(id);
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined); // aborted
  }
}

async function readRequest(api: Api, id: string): Promise<CallbackRequest | string> {
  try {
    return await api.get<CallbackRequest>(`/v1/callbacks/${id}`);
  } catch (error) {
    const { status, code }: { status?: number; code?: string } =
      error instanceof CliError ? error.details : {};
    if (status === 404) return 'its pages are no longer kept';
    if (code === ANSWER_TOO_LARGE) return 'it is larger than 512 MiB, too large to be forwarded';
    throw error;
  }
}
