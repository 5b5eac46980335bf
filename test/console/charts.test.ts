import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineChart } from '../../src/console/view/charts.ts';

const HOURS = 6;
const draw = (values: (number | null)[]) =>
  lineChart({
    title: 'Duration',
    figure: '–',
    series: [{ name: 'p50', tone: 'one', values }],
    places: Array.from({ length: HOURS }, (_, n) => `${n}:00`),
    format: String,
  }).text;
/** The paths of a chart with the class. */
const paths = (text: string, name: string) =>
  [...text.matchAll(/class="([^"]*)" d="([^"]*)"/g)]
    .filter(([, classes]) => classes === name)
    .map(([, , d]) => d);

test('neighbouring values are joined by a line, a lone one is a point', () => {
  const text = draw([null, 5, null, 10, 5, null]);
  // Six places of 100, their middles at 50, 150 and so on; 10 is at the top, 120 the bottom.
  assert.deepEqual(paths(text, 'line one'), ['M350 0L450 60']);
  assert.deepEqual(paths(text, 'line point one'), ['M150 60h0']);
});

test('every hour of its own is a point, and nothing is nothing', () => {
  assert.deepEqual(paths(draw([10, null, 5, null, null, 10]), 'line point one'), [
    'M50 0h0M250 60h0M550 0h0',
  ]);
  const empty = draw(Array.from({ length: HOURS }, () => null));
  assert.deepEqual([...paths(empty, 'line one'), ...paths(empty, 'line point one')], []);
});
