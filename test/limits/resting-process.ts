import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '../support/wait.ts';

const MIB = 1024 * 1024;

interface Expected {
  /** What the process holds before it rests: more than this. In MiB, as the next. */
  before: number;
  /** What it holds in time once it rests: less than this. */
  after: number;
  withinMs: number;
}

/**
 * Runs a script in a process of its own, and asserts that it returns memory while it rests. The
 * script says `ready`, lets go of what it used at the message `rest`, and answers every message
 * with the bytes that it holds.
 */
export async function assertReturns(script: string, { before, after, withinMs }: Expected): Promise<void> {
  // What V8 does by itself after eight idle seconds is not what is tested.
  const args = ['--no-memory-reducer', '--input-type=module', '-e', script];
  const resting = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ask = async (message: string): Promise<number> => {
    resting.send(message);
    const [bytes] = (await once(resting, 'message')) as [number];
    return bytes / MIB;
  };
  try {
    await once(resting, 'message');
    assert.ok((await ask('measure')) > before);
    await ask('rest');
    await eventually(async () => {
      const held = await ask('measure');
      assert.ok(held < after, `${held} MiB`);
      return true;
    }, withinMs);
  } finally {
    resting.kill();
  }
}
