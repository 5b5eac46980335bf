import { readSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { Worker } from 'node:worker_threads';
import { PageError, type PageErrorCode } from '../../../scrape/types.ts';
import { Activity } from './activity.ts';
import { writeFragment } from './fragment-pipe.ts';
import { KEPT_RESIDENT_BYTES } from '../limits.ts';
import { readPage } from './read-page.ts';
import type { PageReading, ReadRequest } from '../page-reading.ts';
import { trimResident } from './resident.ts';

/**
 * The entry of a reader: a process of its own that reads pages, one at a time. Whatever a page does
 * to it ends with the process. It holds no secret and no connection, and ends when its parent does.
 */

/**
 * The body of a page comes on standard input: as part of a message it would be there three times.
 */
export type ToReader = { type: 'read'; request: ReadRequest; bodyBytes: number } | { type: 'rest' };
type Failure = { type: 'failed'; code: PageErrorCode; cause: string };
type Answer = { type: 'read'; reading: PageReading } | Failure;
/**
 * What it tells, and its resident memory then. The fragment of a page goes to a pipe of its own.
 */
export type FromReader = { residentBytes: number } & (
  | { type: 'ready' }
  | { type: 'rested' }
  | { type: 'read'; reading: Omit<PageReading, 'fragment'>; fragmentBytes: number }
  | Failure
);

const STDIN = 0;

const activity = new Activity();
const guard = new Worker(new URL('./guard.ts', import.meta.url), {
  workerData: activity.memory,
  resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 },
});
guard.unref();

// A terminal and a platform signal every process; this one ends with its parent.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit());
process.on('message', (message: ToReader) => {
  if (message.type === 'read') void answer(message);
  else rest();
});
send({ type: 'ready', residentBytes: process.memoryUsage.rss() });
// Stores compiled code for the next reader now: that would else happen at an exit, and readers are
// killed.
flushCompileCache();

/** Stores what the pages made it load, such as the reader of PDF, and returns unused memory. */
function rest(): void {
  flushCompileCache();
  send({ type: 'rested', residentBytes: trimResident(0) });
}

async function answer({ request, bodyBytes }: Extract<ToReader, { type: 'read' }>): Promise<void> {
  activity.begin();
  const page = { ...request.page, body: takeBody(bodyBytes) };
  const answered = await read({ ...request, page });
  const residentBytes = trimResident(KEPT_RESIDENT_BYTES);
  if (answered.type === 'failed') send({ ...answered, residentBytes });
  else {
    const { fragment, ...reading } = answered.reading;
    send({ type: 'read', reading, fragmentBytes: fragment.length, residentBytes });
    writeFragment(fragment);
  }
  activity.end();
}

/** Waits for it: there is nothing else to do. */
function takeBody(length: number): Buffer {
  const body = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length;) {
    const taken = readSync(STDIN, body, { offset: at });
    if (taken === 0) process.exit(); // the parent has ended
    at += taken;
  }
  return body;
}

async function read(request: ReadRequest): Promise<Answer> {
  try {
    return { type: 'read', reading: await readPage(request) };
  } catch (error) {
    const code = error instanceof PageError ? error.code : 'internal_error';
    return { type: 'failed', code, cause: causeOf(error) };
  }
}

function send(message: FromReader): void {
  process.send!(message);
}

function causeOf(error: unknown): string {
  const cause = error instanceof PageError ? (error.cause ?? error) : error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}
