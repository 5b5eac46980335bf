import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { sql } from 'kysely';
import { createTestDatabase } from '../../support/database.ts';
import { listen } from '../../support/net/listen.ts';
import { startTestService } from '../../support/service.ts';
import { page, startSite, type Site } from '../../support/site.ts';

const PAGES = 5;

/** What passes between a client and Postgres on one connection; true: it breaks there. */
interface Watch {
  request?: (chunk: Buffer) => boolean;
  answer?: (chunk: Buffer) => boolean;
}

/**
 * A Postgres behind connections that are watched and break up to `breaks` times, and a site of five
 * pages.
 */
async function startStage(breaks: number, watch: () => Watch) {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await createTestDatabase());
  const url = new URL(database.url);
  const target = Number(url.port);
  const state = { broken: 0 };
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const socket of [near, far])
      socket.on('error', () => {}).on('close', () => [near, far].forEach(destroy));
    const { request, answer } = watch();
    const pass = (to: Socket, cuts: ((chunk: Buffer) => boolean) | undefined) => (chunk: Buffer) => {
      if (state.broken < breaks && cuts?.(chunk)) {
        state.broken++;
        [near, far].forEach(destroy);
      } else if (!to.destroyed) to.write(chunk);
    };
    near.on('data', pass(far, request));
    far.on('data', pass(near, answer));
  });
  const port = await listen(server);
  stack.defer(() => void server.close());
  const site = stack.use(await startSite());
  for (const path of PATHS) site.routes.set(path, page(path, 'Words.'));
  url.port = String(port);
  const owned = stack.move();
  return { url: url.href, site, state, database, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const PATHS = Array.from({ length: PAGES }, (_, n) => `/${n}`);
const destroy = (socket: Socket) => void socket.destroy();

/**
 * Has a service scrape the pages, stops it, and asserts that each was asked for once, and paid
 * once.
 */
async function scrapeOnce({ url, site }: { url: string; site: Site }): Promise<void> {
  {
    await using service = await startTestService({ DATABASE_URL: url });
    const { api } = service;
    const urls = PATHS.map((path) => site.url(path));
    const job = await api.finished(await api.queue('/v1/scrape/batch/async', { urls }));
    assert.deepEqual([job.status, job.succeeded], ['completed', PAGES]);
    assert.equal((await api('GET', '/v1/me')).json.credits, 1_000_000 - PAGES);
    // A job has ended for others as soon as Postgres has committed: the worker may not know yet.
    // Stopping waits for it.
  }
  assert.deepEqual(site.requests.map((request) => request.path).toSorted(), PATHS);
}

/** The commit of a transaction that settles pages. */
function settlingCommit(): (chunk: Buffer) => boolean {
  let settles = false;
  return (chunk) => {
    settles ||= /update pages\s+set status/.test(chunk.toString('latin1'));
    return settles && chunk.includes('commit');
  };
}

test('pages whose settlement breaks before its commit are settled again, not scraped again', async () => {
  await using stage = await startStage(3, () => ({ request: settlingCommit() }));
  await scrapeOnce(stage);
  assert.equal(stage.state.broken, 3);
});

test('pages whose settlement was committed and never answered are not scraped again', async () => {
  // Pages that take longer than others settle later: only the first settlement loses its answer.
  await using stage = await startStage(1, () => {
    const commits = settlingCommit();
    let committed = false;
    return {
      request: (chunk) => {
        committed ||= commits(chunk);
        return false;
      },
      answer: () => committed,
    };
  });
  await scrapeOnce(stage);
  assert.equal(stage.state.broken, 1);
});

test('a fetched slice that never arrived is fetched again at once and costs no try', async () => {
  await using stage = await startStage(3, () => ({ answer: (chunk) => chunk.includes('"ordinals"') }));
  await scrapeOnce(stage);
  assert.equal(stage.state.broken, 3);
  const { rows } = await sql`select retry_count from ollagraph_queue.job where name = 'bulk'`.execute(
    stage.database.db,
  );
  assert.deepEqual(rows, [{ retry_count: 0 }]);
});
