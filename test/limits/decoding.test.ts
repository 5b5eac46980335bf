import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { createEgress, type Egress, type PageRequest } from '../../src/egress/index.ts';
import { failure } from '../support/checks/failure.ts';
import { startOrigin, type Origin } from '../support/net/origin.ts';
import { pour } from '../support/net/pour.ts';

const MIB = 1024 * 1024;

let egress: Egress;
before(() => {
  egress = createEgress({ allowTargets: ['127.0.0.0/8'], allowWebhooks: [] });
});
after(() => egress.close());

function get({ port }: Origin, options: Partial<PageRequest>) {
  return egress.fetchPage({
    url: `http://127.0.0.1:${port}/`,
    userAgent: 't',
    timeoutMs: 60_000,
    ...options,
  });
}

function startEncoded(coding: string, body: Buffer): Promise<Origin> {
  const head = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Encoding: ${coding}\r\n\r\n`);
  return startOrigin((socket) => socket.end(Buffer.concat([head, body])));
}

/** Returns what this process's memory has grown by, in MiB, since the call. */
function memoryGrowth(): () => number {
  const atStart = process.memoryUsage().rss;
  return () => Math.round((process.memoryUsage().rss - atStart) / MIB);
}

function assertGrowth(t: TestContext, grownMiB: number, limitMiB: number): void {
  t.diagnostic(`memory +${grownMiB} of ${limitMiB} MiB`);
  assert.ok(grownMiB < limitMiB, `memory grew by ${grownMiB} MiB`);
}

test('the decoded bytes are capped: bombs in every coding, nested too', async (t) => {
  const zeros = Buffer.alloc(40 * MIB);
  const small = Buffer.alloc(11 * MIB);
  const bombs: Record<string, Buffer> = {
    gzip: gzipSync(zeros),
    deflate: deflateSync(zeros),
    br: brotliCompressSync(zeros),
    zstd: zstdCompressSync(zeros),
    'gzip, gzip': gzipSync(gzipSync(zeros)),
    'gzip, br, zstd': zstdCompressSync(brotliCompressSync(gzipSync(small))),
    // The outer coding yields no gzip; it must be stopped before that shows.
    'gzip, br': brotliCompressSync(zeros),
  };
  const grown = memoryGrowth();
  for (const [coding, body] of Object.entries(bombs)) {
    await using origin = await startEncoded(coding, body);
    await failure(get(origin, { timeoutMs: 60_000 }), 'too_large');
  }
  assertGrowth(t, grown(), 128);
});

test('a body in chunks of one byte takes no more memory than its bytes', async (t) => {
  const chunks = '1\r\na\r\n'.repeat(10_000);
  const size = 2 * MIB;
  await using origin = await startOrigin((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    pour(socket, () => chunks);
  });
  const grown = memoryGrowth();
  await failure(get(origin, { maxBytes: size, timeoutMs: 60_000 }), 'too_large');
  assertGrowth(t, grown(), 96);
});
