import { test } from 'node:test';
import { assertReturns } from './resting-process.ts';

const RETURNED_MS = 9000;
const module = new URL('../../src/memory/resting-heap.ts', import.meta.url).href;

/** A process whose work has left some 60 MiB in its heap, and that rests then. */
const RESTING = `
  import { returnHeapAtRest } from '${module}';
  returnHeapAtRest();
  let left = Array.from({ length: 1_000_000 }, (_, n) => ({ n }));
  process.on('message', (message) => {
    if (message === 'rest') left = null;
    process.send(process.memoryUsage().heapTotal);
  });
  process.send('ready');
`;

test('what work has left in the heap of a thread is returned once the thread rests', async () => {
  await assertReturns(RESTING, { before: 40, after: 16, withinMs: RETURNED_MS });
});
