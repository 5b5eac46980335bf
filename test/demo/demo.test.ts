import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { testRun } from '../support/environment.ts';
import { eventually } from '../support/wait.ts';

const demo = fileURLToPath(new URL('demo.ts', import.meta.url));

async function startDemo() {
  const temporary = await mkdtemp(join(testRun().directory, 'demo-'));
  await chmod(temporary, 0o755);
  const child = spawn(process.execPath, [demo], {
    env: { ...process.env, TMPDIR: temporary, NO_COLOR: '1' },
  });
  const output = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { child, output, left: () => readdir(temporary) };
}

test('the demo tells its story to the end and leaves nothing behind', async () => {
  const { child, output, left } = await startDemo();
  const [stdout, stderr] = await output;
  assert.equal(child.exitCode, 0, stderr);
  assert.match(stdout, /24 of 24 pages/);
  assert.match(stdout, /✓ signature verified over the \d+ raw bytes/);
  assert.match(
    stdout,
    /attempt 1 {2}✗ answered 503.*\n.*attempt 2 {2}✗ answered 503.*\n.*attempt 3 {2}✓ answered 200/,
  );
  assert.match(stdout, /\(4 rows\)/);
  assert.deepEqual(await left(), []);
});

test('an interrupted demo stops what it started and leaves nothing behind', async () => {
  const { child, output, left } = await startDemo();
  await eventually(async () => (await left()).length > 0);
  child.kill('SIGINT');
  const [, stderr] = await output;
  assert.equal(child.exitCode, 130);
  assert.match(stderr, /Interrupted/);
  assert.deepEqual(await left(), []);
});
