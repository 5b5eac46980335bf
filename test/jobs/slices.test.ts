import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { divideIntoSlices, SLICE_PAGES } from '../../src/jobs/slices.ts';

const pages = fc
  .array(fc.constantFrom('a.test', 'b.test', 'c.test:8080', 'd.test'), { maxLength: 300 })
  .map((hosts) => hosts.map((host, ordinal) => ({ ordinal, host })));

test('every page is in one slice, and most slices have and name a single host', () => {
  fc.assert(
    fc.property(pages, (all) => {
      const slices = divideIntoSlices(all);
      assert.deepEqual(
        slices.flatMap((slice) => slice.ordinals).toSorted((a, b) => a - b),
        all.map((page) => page.ordinal),
      );
      for (const { ordinals, host } of slices) {
        assert.ok(ordinals.length > 0 && ordinals.length <= SLICE_PAGES);
        assert.deepEqual(
          ordinals,
          ordinals.toSorted((a, b) => a - b),
        );
        const hosts = new Set(ordinals.map((ordinal) => all[ordinal]!.host));
        assert.equal(host, hosts.size === 1 ? [...hosts][0] : undefined);
      }
      const firsts = slices.map((slice) => slice.ordinals[0]!);
      assert.deepEqual(
        firsts,
        firsts.toSorted((a, b) => a - b),
      );
      assert.ok(slices.filter((slice) => slice.host === undefined).length <= 4);
    }),
  );
});

test('the pages of one host fill slices of their own, in their order', () => {
  const all = Array.from({ length: 60 }, (_, ordinal) => ({
    ordinal,
    host: ordinal % 2 === 0 ? 'a.test' : 'b.test',
  }));
  const slices = divideIntoSlices(all);
  assert.deepEqual(
    slices.map(({ host, ordinals }) => [host, ordinals.length]),
    [
      ['a.test', 25],
      ['b.test', 25],
      [undefined, 10],
    ],
  );
  assert.deepEqual(slices[2]!.ordinals, [50, 51, 52, 53, 54, 55, 56, 57, 58, 59]);
});
