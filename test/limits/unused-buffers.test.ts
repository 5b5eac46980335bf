import { test } from 'node:test';
import { assertReturns } from './resting-process.ts';

const MIB = 1024 * 1024;
/** V8 by itself takes a quarter of a minute. */
const RETURNED_MS = 8000;
const module = new URL('../../src/memory/unused-buffers.ts', import.meta.url).href;

/**
 * A process that has used 30 MiB of buffers, too few for V8 to collect them when they are old, and
 * then rests. It answers each message with what its buffers take.
 */
const RESTING = `
  import { returnUnusedBuffers } from '${module}';
  returnUnusedBuffers();
  let used = Array.from({ length: 3 }, () => Buffer.alloc(${10 * MIB}));
  process.on('message', (message) => {
    if (message === 'rest') used = null;
    process.send(process.memoryUsage().arrayBuffers);
  });
  // Some collections of young objects, which make the buffers old.
  let last;
  for (let n = 0; n < 3_000_000; n++) last = { n, last: null };
  process.send('ready');
`;

test('buffers that nothing uses any more are returned while their thread rests', async () => {
  await assertReturns(RESTING, { before: 29, after: 16, withinMs: RETURNED_MS });
});
