import assert from 'node:assert/strict';
import { connect, createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { createTestDatabase } from '../support/database.ts';
import { listen } from '../support/listen.ts';
import { startTestService } from '../support/service.ts';
import { page, startSite } from '../support/site.ts';

const BREAKS = 3;
const PAGES = 5;

/** Leads to a Postgres, and breaks so many connections at the commit of what settles pages: before the commit arrives, or its answer does. */
function createBreakingProxy(port: number, lost: 'commit' | 'answer'): { server: Server; broken: () => number } {
  let broken = 0;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    let settles = false;
    let breaks = false;
    const end = () => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
    near.on('data', (chunk) => {
      settles ||= chunk.includes('update pages set state');
      if (settles && chunk.includes('commit') && broken < BREAKS) {
        broken++;
        breaks = true;
        if (lost === 'commit') return end();
      }
      far.write(chunk);
    });
    far.on('data', (chunk) => {
      if (breaks) end();
      else near.write(chunk);
    });
  });
  return { server, broken: () => broken };
}

for (const lost of ['commit', 'answer'] as const) {
  test(`pages whose settlement loses its ${lost} on a broken connection are settled again, and not scraped again`, async () => {
    await using stack = new AsyncDisposableStack();
    const database = stack.use(await createTestDatabase());
    const url = new URL(database.url);
    const proxy = createBreakingProxy(Number(url.port), lost);
    url.port = String(await listen(proxy.server));
    stack.defer(() => void proxy.server.close());
    const site = stack.use(await startSite());
    const service = stack.use(await startTestService({ DATABASE_URL: url.href }));
    const paths = Array.from({ length: PAGES }, (_, n) => `/${n}`);
    for (const path of paths) site.routes.set(path, page(path, 'Words.'));
    const urls = paths.map((path) => site.url(path));
    const { api } = service;
    const job = await api.finished(await api.queue('/v1/scrape/batch/async', { urls }));
    assert.deepEqual([job.status, job.succeeded], ['completed', PAGES]);
    assert.deepEqual(site.requests.map((request) => request.path).toSorted(), paths);
    assert.equal(proxy.broken(), lost === 'commit' ? BREAKS : 1);
    assert.equal((await api('GET', '/v1/me')).json.credits, 1_000_000 - PAGES);
  });
}
