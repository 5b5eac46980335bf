import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { eventually } from '../support/wait.ts';

const MIB = 1024 * 1024;
const RETURNED_MS = 9000;
const module = new URL('../../src/resting-heap.ts', import.meta.url).href;

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
  // What V8 does by itself is not what is tested.
  const args = ['--no-memory-reducer', '--input-type=module', '-e', RESTING];
  const resting = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ask = async (message: string): Promise<number> => {
    resting.send(message);
    const [bytes] = (await once(resting, 'message')) as [number];
    return bytes / MIB;
  };
  try {
    await once(resting, 'message');
    assert.ok((await ask('measure')) > 40);
    await ask('rest');
    await eventually(async () => {
      const heap = await ask('measure');
      assert.ok(heap < 16, `${heap} MiB`);
      return true;
    }, RETURNED_MS);
  } finally {
    resting.kill();
  }
});
