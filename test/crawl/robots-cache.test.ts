import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ALLOW_ALL } from '../../src/crawl/robots.ts';
import {
  createRobotsCache,
  type RobotsAnswer,
  type RobotsCache,
  type RobotsCacheOptions,
} from '../../src/crawl/robots-cache.ts';

const HOUR = 60 * 60 * 1000;
const TEXT = Buffer.from('User-agent: *\nDisallow: /a');

type Answer = RobotsAnswer | Error;

interface Setup {
  cache: RobotsCache;
  fetched: string[];
  clock: { now: number };
  origin: { answer: Answer };
}

function setup(options: Partial<RobotsCacheOptions> = {}): Setup {
  const fetched: string[] = [];
  const clock = { now: 0 };
  const origin: { answer: Answer } = { answer: { status: 200, body: TEXT } };
  const cache = createRobotsCache({
    fetch: async (url) => {
      fetched.push(url);
      await Promise.resolve();
      if (origin.answer instanceof Error) throw origin.answer;
      return origin.answer;
    },
    now: () => clock.now,
    ...options,
  });
  return { cache, fetched, clock, origin };
}

it('fetches /robots.txt of the origin and parses it', async () => {
  const { cache, fetched } = setup();
  const robots = await cache.get('https://Example.com:443/deep/page?x#y');
  assert.deepEqual(fetched, ['https://example.com/robots.txt']);
  assert.equal(robots.allows('https://example.com/a'), false);
  assert.equal(robots.allows('https://example.com/b'), true);
});

it('remembers it until the time is over', async () => {
  const { cache, fetched, clock } = setup({ ttlMs: HOUR });
  const first = await cache.get('https://example.com');
  clock.now = HOUR - 1;
  assert.equal(await cache.get('https://example.com'), first);
  assert.equal(fetched.length, 1);
  clock.now = HOUR;
  assert.notEqual(await cache.get('https://example.com'), first);
  assert.equal(fetched.length, 2);
});

it('never remembers for more than 24 hours', async () => {
  const { cache, fetched, clock } = setup({ ttlMs: 100 * HOUR });
  await cache.get('https://example.com');
  clock.now = 24 * HOUR - 1;
  await cache.get('https://example.com');
  assert.equal(fetched.length, 1);
  clock.now = 24 * HOUR;
  await cache.get('https://example.com');
  assert.equal(fetched.length, 2);
});

it('does not hold what stopped one account against others', async () => {
  const busy = new Error('this account has asked too much');
  const cache = createRobotsCache({
    fetch: async (_url, accountId) => {
      await Promise.resolve();
      if (accountId === 'a') throw busy;
      return { status: 200, body: TEXT };
    },
    isOfAsker: (error) => error === busy,
  });
  const [first, other] = await Promise.all([
    cache.get('https://example.com', 'a'),
    cache.get('https://example.com', 'b'),
  ]);
  assert.equal(first.unreached, busy);
  assert.equal(other.allows('https://example.com/b'), true);
  assert.equal(await cache.get('https://example.com', 'a'), other);
});

it('shares one fetch among those who ask at once', async () => {
  const { cache, fetched } = setup();
  const all = await Promise.all(Array.from({ length: 20 }, async () => cache.get('https://example.com/x')));
  assert.equal(new Set(all).size, 1);
  assert.equal(fetched.length, 1);
});

it('shares a fetch of an origin that is not kept', async () => {
  const { cache, fetched } = setup({ maxEntries: 1 });
  await Promise.all([
    cache.get('https://a.example'),
    cache.get('https://b.example'),
    cache.get('https://a.example'),
  ]);
  assert.equal(fetched.length, 2);
  await cache.get('https://a.example');
  assert.equal(fetched.length, 3);
});

it('keeps origins apart', async () => {
  const { cache, fetched } = setup();
  const origins = [
    'http://example.com',
    'https://example.com',
    'https://example.com:8443',
    'https://www.example.com',
  ];
  for (const origin of origins) await cache.get(origin);
  assert.deepEqual(
    fetched,
    origins.map((origin) => `${origin}/robots.txt`),
  );
});

for (const status of [503, 429]) {
  it(`disallows all after a ${status}, and asks again ever later`, async () => {
    const { cache, origin, clock, fetched } = setup({ errorTtlMs: 3000 });
    origin.answer = { status, body: TEXT };
    for (const pause of [1000, 2000, 3000, 3000]) {
      const before = fetched.length;
      const refused = await cache.get('https://example.com');
      assert.deepEqual(
        [refused.allows('https://example.com/b'), refused.againInSeconds],
        [false, pause / 1000],
      );
      clock.now += pause - 1;
      assert.equal((await cache.get('https://example.com')).againInSeconds, 0.001);
      assert.equal(fetched.length, before + 1);
      clock.now += 1;
    }
    origin.answer = { status: 200, body: TEXT };
    const robots = await cache.get('https://example.com');
    assert.deepEqual([robots.allows('https://example.com/b'), robots.againInSeconds], [true, undefined]);
  });
}

it('waits as long as a 503 asks, and says nothing of soon where that is long', async () => {
  const { cache, origin, clock, fetched } = setup();
  origin.answer = { status: 503, body: TEXT, retryAfterSeconds: 90 };
  assert.equal((await cache.get('https://example.com')).againInSeconds, undefined);
  clock.now = 30_000;
  assert.equal((await cache.get('https://example.com')).againInSeconds, 60);
  assert.equal(fetched.length, 1);
});

it('disallows all while there is no answer, says why, and asks again very soon', async () => {
  const bundle = setup({ unreachedTtlMs: 100 });
  const reset = new Error('reset');
  bundle.origin.answer = reset;
  const robots = await bundle.cache.get('https://example.com');
  assert.deepEqual([robots.allows('https://example.com/b'), robots.unreached], [false, reset]);
  bundle.origin.answer = { status: 200, body: TEXT };
  bundle.clock.now = 99;
  assert.equal((await bundle.cache.get('https://example.com')).unreached, reset);
  bundle.clock.now = 100;
  const reached = await bundle.cache.get('https://example.com');
  assert.deepEqual([reached.allows('https://example.com/b'), reached.unreached], [true, undefined]);
});

it('remembers that there is no robots.txt as long as one', async () => {
  const bundle = setup({ errorTtlMs: 1000 });
  bundle.origin.answer = { status: 404, body: Buffer.alloc(0) };
  assert.equal(await bundle.cache.get('https://example.com'), ALLOW_ALL);
  bundle.clock.now = 24 * HOUR - 1;
  assert.equal(await bundle.cache.get('https://example.com'), ALLOW_ALL);
  assert.equal(bundle.fetched.length, 1);
});

it('forgets the least recently used beyond its bound', async () => {
  const { cache, fetched } = setup({ maxEntries: 2 });
  for (const host of ['a', 'b', 'a', 'c', 'a', 'b']) await cache.get(`https://${host}.example`);
  assert.deepEqual(
    fetched.map((url) => new URL(url).hostname[0]),
    ['a', 'b', 'c', 'b'],
  );
});

it('bounds the octets kept', async () => {
  const { cache, fetched } = setup({ maxBytes: 2 * TEXT.length });
  for (const host of ['a', 'b', 'c', 'c', 'b', 'a']) await cache.get(`https://${host}.example`);
  assert.deepEqual(
    fetched.map((url) => new URL(url).hostname[0]),
    ['a', 'b', 'c', 'a'],
  );
});

it('rejects what is no URL, and only that', async () => {
  const { cache, fetched } = setup();
  await assert.rejects(cache.get('example.com'), TypeError);
  assert.deepEqual(fetched, []);
});
