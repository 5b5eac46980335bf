import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { eventually } from '../support/wait.ts';

const MIB = 1024 * 1024;
/** V8 by itself takes a quarter of a minute. */
const RETURNED_MS = 8000;
const module = new URL('../../src/unused-buffers.ts', import.meta.url).href;

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
  // What V8 does by itself after eight idle seconds is not what is tested.
  const args = ['--no-memory-reducer', '--input-type=module', '-e', RESTING];
  const resting = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ask = async (message: string): Promise<number> => {
    resting.send(message);
    const [bytes] = (await once(resting, 'message')) as [number];
    return bytes / MIB;
  };
  try {
    await once(resting, 'message');
    assert.ok((await ask('measure')) > 29);
    await ask('rest');
    await eventually(async () => {
      const left = await ask('measure');
      assert.ok(left < 16, `${left} MiB`);
      return true;
    }, RETURNED_MS);
  } finally {
    resting.kill();
  }
});
