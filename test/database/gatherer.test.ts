import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gatherer } from '../../src/database/gatherer.ts';

/** Loads that the test ends one by one. */
function startGatherer() {
  const loads: { keys: string[]; end: (values: [string, number][]) => void; fail: (error: Error) => void }[] =
    [];
  const gatherer = new Gatherer<number>(async (keys) => {
    const { promise, resolve, reject } = Promise.withResolvers<Map<string, number>>();
    loads.push({ keys, end: (values) => resolve(new Map(values)), fail: reject });
    return await promise;
  });
  return { gatherer, loads };
}

test('who asks alone is served at once; who asks meanwhile shares the next load', async () => {
  const { gatherer, loads } = startGatherer();
  const first = gatherer.get('a');
  assert.deepEqual(
    loads.map(({ keys }) => keys),
    [['a']],
  );
  const later = [gatherer.get('b'), gatherer.get('a'), gatherer.get('c'), gatherer.get('b')];
  assert.equal(loads.length, 1);
  loads[0]!.end([['a', 1]]);
  assert.equal(await first, 1);
  assert.deepEqual(loads[1]!.keys, ['b', 'a', 'c']);
  loads[1]!.end([
    ['a', 2],
    ['b', 3],
  ]);
  assert.deepEqual(await Promise.all(later), [3, 2, null, 3]);
  assert.equal(loads.length, 2);
});

test('a load that fails fails those who asked for it alone', async () => {
  const { gatherer, loads } = startGatherer();
  const first = gatherer.get('a');
  const second = gatherer.get('a');
  loads[0]!.fail(new Error('away'));
  await assert.rejects(first, /away/);
  loads[1]!.end([['a', 1]]);
  assert.equal(await second, 1);
  const third = gatherer.get('a');
  loads[2]!.end([]);
  assert.equal(await third, null);
});
