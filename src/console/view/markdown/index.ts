import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Html } from '../../../http/html/html.ts';

/** In characters. Longer Markdown is not rendered. */
export const MAX_MARKDOWN_LENGTH = 200_000;
/** In characters, four times what ordinary Markdown of that length makes. */
const MAX_HTML_LENGTH = 1_000_000;
/**
 * The limit of the wait for the thread, and again of the rendering. The start of a thread does not
 * count.
 */
const DEADLINE_MS = 3000;
const MEMORY = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 };

/** Renders one text at a time; replaced after a text that it could not finish. */
let thread: Worker | null = null;
let turn: Promise<unknown> = Promise.resolve();

/**
 * Markdown as HTML for reading, rendered off the main thread. Null where it is too long or takes
 * too long: the text comes from a stranger, and some texts take a renderer minutes.
 */
export function renderMarkdown(markdown: string, deadlineMs = DEADLINE_MS): Promise<Html | null> {
  const asked = performance.now();
  if (markdown.length > MAX_MARKDOWN_LENGTH) return Promise.resolve(null);
  const rendered = turn.then(() =>
    performance.now() - asked < deadlineMs ? renderNow(markdown, deadlineMs) : null,
  );
  turn = rendered.catch(() => null);
  return rendered;
}

async function renderNow(markdown: string, deadlineMs: number): Promise<Html | null> {
  const worker = (thread ??= await startThread());
  worker.ref();
  const answer = once(worker, 'message', { signal: AbortSignal.timeout(deadlineMs) });
  worker.postMessage(markdown);
  const text = await answer.then(
    ([rendered]) => rendered as string,
    // Late, out of memory, or nested beyond the stack: the thread ends, and its text is shown as it
    // is.
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
  // A caller that waits for an answer sees the error, too.
  worker.on('error', () => {});
  worker.once('exit', () => {
    if (thread === worker) thread = null;
  });
  await once(worker, 'message');
  return worker;
}
