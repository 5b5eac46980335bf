import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gatherer } from '../../src/database/gatherer.ts';
import { eventually } from '../support/wait.ts';

/** Loads that the test ends one by one. */
function startGatherer(groupOf?: (key: string) => string) {
  const loads: { keys: string[]; end: (values: [string, number][]) => void; fail: (error: Error) => void }[] =
    [];
  const gatherer = new Gatherer<number>(async (keys) => {
    const { promise, resolve, reject } = Promise.withResolvers<Map<string, number>>();
    loads.push({ keys, end: (values) => resolve(new Map(values)), fail: reject });
    return await promise;
  }, groupOf);
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

test('where a load of several groups fails, each group asks alone', async () => {
  const { gatherer, loads } = startGatherer((key) => key[0]!);
  const first = gatherer.get('a1');
  const [a, b] = [gatherer.get('a2'), gatherer.get('b1')];
  loads[0]!.end([]);
  await first;
  assert.deepEqual(loads[1]!.keys, ['a2', 'b1']);
  loads[1]!.fail(new Error('one machine is away'));
  await eventually(() => loads.length === 3);
  assert.deepEqual(loads[2]!.keys, ['a2']);
  loads[2]!.fail(new Error('that one'));
  await assert.rejects(a, /that one/);
  await eventually(() => loads.length === 4);
  assert.deepEqual(loads[3]!.keys, ['b1']);
  loads[3]!.end([['b1', 1]]);
  assert.equal(await b, 1);
});
