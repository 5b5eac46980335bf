import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyPipe } from '../../src/egress/body/pipe.ts';

test('tiny chunks are put together: a full pipe is one chunk', async () => {
  const pipe = new BodyPipe();
  let drained = 0;
  pipe.onDrain = () => drained++;
  let written = 1;
  while (pipe.write(Buffer.from([written % 256]))) written++;
  assert.equal(written, 65_536);
  const reading = pipe[Symbol.asyncIterator]();
  const { value } = await reading.next();
  assert.equal(value!.length, written);
  assert.ok(value!.every((byte, n) => byte === (n + 1) % 256));
  assert.equal(drained, 1);
});

test('what is written comes out in order, whatever the sizes; the end ends it', async () => {
  const pipe = new BodyPipe();
  const sizes = [1, 70_000, 3, 65_536, 65_535, 1, 200_000];
  const whole = Buffer.concat(sizes.map((size, n) => Buffer.alloc(size, n + 1)));
  const read = Array.fromAsync(pipe);
  for (const [n, size] of sizes.entries()) {
    pipe.write(Buffer.alloc(size, n + 1));
    if (n % 2 === 0) await new Promise(setImmediate);
  }
  pipe.end();
  assert.ok(Buffer.concat(await read).equals(whole));
});

test('reading a closed pipe fails, even if the reader was already waiting', async () => {
  const pipe = new BodyPipe();
  let closed = 0;
  pipe.onClose = () => closed++;
  const waiting = Array.fromAsync(pipe);
  pipe.close();
  pipe.close();
  await assert.rejects(waiting, /not read any more/);
  pipe.end();
  await assert.rejects(Array.fromAsync(pipe), /not read any more/);
  assert.equal(closed, 1);
});
