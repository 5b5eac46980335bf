import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Html } from '../../../http/html.ts';

/** In characters. Longer Markdown is not rendered. */
export const MAX_MARKDOWN_LENGTH = 200_000;
/** In characters, four times what ordinary Markdown of that length makes. */
const MAX_HTML_LENGTH = 1_000_000;
/** From the call to the answer, waiting for the thread included. */
const DEADLINE_MS = 2000;
const MEMORY = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 };

/** Renders one text at a time; replaced after a text that it could not finish. */
let thread: Worker | null = null;
let turn: Promise<unknown> = Promise.resolve();

/**
 * Markdown as HTML for reading, rendered off the main thread. Null where it is too long or takes too long:
 * the text comes from a stranger, and some texts take a renderer minutes.
 */
export function renderMarkdown(markdown: string, deadlineMs = DEADLINE_MS): Promise<Html | null> {
  const deadline = performance.now() + deadlineMs;
  if (markdown.length > MAX_MARKDOWN_LENGTH) return Promise.resolve(null);
  const rendered = turn.then(() => renderBy(deadline, markdown));
  turn = rendered.catch(() => null);
  return rendered;
}

async function renderBy(deadline: number, markdown: string): Promise<Html | null> {
  if (performance.now() >= deadline) return null;
  const worker = (thread ??= await startThread());
  // The start of the thread does not count.
  const left = Math.max(1, Math.ceil(deadline - performance.now()));
  worker.ref();
  const answer = once(worker, 'message', { signal: AbortSignal.timeout(left) });
  worker.postMessage(markdown);
  const text = await answer.then(
    ([rendered]) => rendered as string,
    // Late, out of memory, or nested beyond the stack: the thread ends, and its text is shown as it is.
    () => null,
  );
  worker.unref();
  if (text === null) {
    thread = null;
    await worker.terminate();
    return null;
  }
  return text.length > MAX_HTML_LENGTH ? null : new Html(text);
}

async function startThread(): Promise<Worker> {
  const worker = new Worker(new URL('./render-thread.ts', import.meta.url), { resourceLimits: MEMORY });
  // Whoever waits for an answer sees the error too.
  worker.on('error', () => {});
  worker.once('exit', () => {
    if (thread === worker) thread = null;
  });
  await once(worker, 'message');
  return worker;
}
