import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { listen } from '../../src/http/server/server.ts';

const CONNECTIONS = 20;

/** Connects to a port, counts that in shared memory, and posts the answer or the error of each. */
const CLIENT = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { connect } = require('node:net');
  const connected = new Int32Array(workerData.memory);
  for (let n = 0; n < workerData.connections; n++) {
    let answer = '';
    const socket = connect(workerData.port, '127.0.0.1', () => {
      socket.write('GET /healthz HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n');
      Atomics.add(connected, 0, 1);
      Atomics.notify(connected, 0);
    });
    socket.on('data', (data) => (answer += data)).on('error', ({ code }) => (answer += code));
    socket.on('close', () => parentPort.postMessage(answer.split('\\r\\n')[0]));
  }`;

test('clients that connected before a stop are answered', async () => {
  const server = await listen({ host: '127.0.0.1', port: 0 });
  const memory = new SharedArrayBuffer(4);
  const client = new Worker(CLIENT, {
    eval: true,
    workerData: { memory, port: server.port, connections: CONNECTIONS },
  });
  const answers: string[] = [];
  client.on('message', (answer: string) => answers.push(answer));
  const ended = once(client, 'exit');
  // This thread, which would accept them, stands still until the system has accepted all.
  const connected = new Int32Array(memory);
  for (let count = 0; count < CONNECTIONS; count = Atomics.load(connected, 0))
    Atomics.wait(connected, 0, count);
  await server.close();
  await ended;
  assert.deepEqual(answers, Array(CONNECTIONS).fill('HTTP/1.1 200 OK'));
});
