import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseUpstream, ProxyPool } from '../../../src/egress/index.ts';
import { ProxyError } from '../../../src/egress/upstream/proxy-error.ts';

const BROKEN = new ProxyError('broken', { certain: true });
const REFUSED = new ProxyError('refused', { certain: false });
const NONE: ReadonlySet<number> = new Set();

function poolOf(count: number): ProxyPool {
  return new ProxyPool(Array.from({ length: count }, (_, n) => parseUpstream(`http://p${n}.test`)!));
}

/** Which proxy each of 300 keys is given. */
const choices = (pool: ProxyPool, except = NONE) =>
  Array.from({ length: 300 }, (_, n) => pool.pick(`job_${n} site.test`, except)!.number);

test('a key keeps its proxy, and keys are spread over all of them', () => {
  const pool = poolOf(4);
  assert.deepEqual(choices(pool), choices(poolOf(4)));
  for (const keys of Map.groupBy(choices(pool), (number) => number).values())
    assert.ok(keys.length > 40 && keys.length < 115, `${keys.length}`);
});

test('only the keys of a proxy that rests move, and they are spread over the others', () => {
  const pool = poolOf(4);
  const before = choices(pool);
  const broken = pool.pick('any', NONE)!;
  pool.failed(broken, { key: 'any', site: 'site.test' }, BROKEN);
  const after = choices(pool);
  const moved = after.filter((number, n) => before[n] === broken.number && number !== broken.number);
  assert.ok(after.every((number, n) => before[n] === broken.number || number === before[n]));
  assert.ok(!after.includes(broken.number) && new Set(moved).size === 3);
});

test('a proxy rests only when it fails for several sites in a row', () => {
  const pool = poolOf(2);
  const proxy = pool.pick('key', NONE)!;
  const isAsked = () => pool.pick('key', NONE) === proxy;
  const refuse = (site: string) => pool.failed(proxy, { key: `job ${site}`, site }, REFUSED);
  for (let time = 0; time < 10; time++) refuse('dead.test');
  assert.ok(isAsked(), 'one dead site');
  refuse('b.test');
  pool.succeeded(proxy);
  for (const site of ['c.test', 'd.test']) refuse(site);
  assert.ok(isAsked(), 'it worked in between');
  refuse('e.test');
  assert.ok(!isAsked());
});

test('a proxy that failed for a key is asked last for it', () => {
  const pool = poolOf(2);
  const proxy = pool.pick('key', NONE)!;
  pool.failed(proxy, { key: 'key', site: 'site.test' }, REFUSED);
  assert.notEqual(pool.pick('key', NONE), proxy);
  const other = Array.from({ length: 50 }, (_, n) => pool.pick(`key ${n}`, NONE));
  assert.ok(other.includes(proxy));
});

test('where all rest the one that rests the shortest is asked, and none twice', () => {
  const pool = poolOf(2);
  pool.rest(1, 60_000);
  pool.rest(2, 30_000);
  assert.deepEqual([...new Set(choices(pool))], [2]);
  assert.deepEqual([...new Set(choices(pool, new Set([2])))], [1]);
  assert.equal(pool.pick('key', new Set([1, 2])), null);
  assert.equal(poolOf(0).pick('key', NONE), null);
});

test('reports say what happened since the last ones', () => {
  const pool = poolOf(2);
  const proxy = pool.pick('key', NONE)!;
  pool.succeeded(proxy);
  pool.failed(proxy, { key: 'key', site: 'site.test' }, BROKEN);
  const [report, ...others] = pool.takeReports();
  const { number } = proxy;
  assert.deepEqual(
    { ...report, restMs: 0 },
    { number, requests: 2, failures: 1, lastError: 'broken', restMs: 0 },
  );
  assert.ok(report!.restMs > 9000 && report!.restMs <= 10_000 && others.length === 0);
  assert.deepEqual(pool.takeReports(), []);
});
