import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rangeOf } from '../../src/http/range.ts';

const ETAG = '"this"';
/** What a range gets of ten bytes: the first and the last of them, `all`, or a 416. */
const OF_TEN: [range: string, part: string][] = [
  ['bytes=0-4', '0-4'],
  ['bytes=9-9', '9-9'],
  ['bytes=3-', '3-9'],
  ['bytes=3-99', '3-9'],
  [`bytes=3-${'9'.repeat(400)}`, '3-9'],
  ['Bytes= 0-4 ', '0-4'],
  ['bytes=-4', '6-9'],
  ['bytes=-10', '0-9'],
  ['bytes=-11', '0-9'],
  ['bytes=-0', '416'],
  ['bytes=10-', '416'],
  ['bytes=10-20', '416'],
  ['bytes=4-3', 'all'],
  ['bytes=0-1,8-9', 'all'],
  ['bytes=20-21,30-31', 'all'],
  ['bytes=-', 'all'],
  ['bytes=', 'all'],
  ['bytes=a-b', 'all'],
  ['bytes=1.5-2', 'all'],
  ['bytes 0-4', 'all'],
  ['items=20-', 'all'],
  ['', 'all'],
];

function partOf(range: string, bytes: number, ifRange?: string): string {
  try {
    const found = rangeOf({ range, ifRange }, ETAG, bytes);
    return found === null ? 'all' : `${found.start}-${found.end}`;
  } catch (error) {
    assert.equal((error as { code: string }).code, 'range_not_satisfiable');
    return '416';
  }
}

for (const [range, part] of OF_TEN)
  test(`${range.slice(0, 30)} of ten bytes`, () => assert.equal(partOf(range, 10), part));

test('of nothing there is no part: its last bytes are all of it', () => {
  assert.deepEqual(
    ['bytes=0-', 'bytes=0-4', 'bytes=-4'].map((range) => partOf(range, 0)),
    ['416', '416', 'all'],
  );
});

test('If-Range gets a part of this version alone, whatever the range', () => {
  assert.equal(partOf('bytes=0-4', 10, ETAG), '0-4');
  for (const other of ['"other"', `W/${ETAG}`, 'Mon, 30 Nov 2026 00:00:00 GMT', `${ETAG}, "other"`])
    assert.deepEqual([partOf('bytes=0-4', 10, other), partOf('bytes=10-', 10, other)], ['all', 'all']);
});
