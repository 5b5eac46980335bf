import assert from 'node:assert/strict';
import { test } from 'node:test';
import { robotsOfHeaders, robotsOfMetas } from '../../../src/scrape/metadata/robots.ts';

test('rules for all robots and for ours count, those for others do not', () => {
  const values: [string[], boolean, boolean][] = [
    [['noindex'], true, false],
    [['noindex, nofollow'], true, true],
    [['none'], true, true],
    [['googlebot: noindex, nofollow'], false, false],
    [['googlebot: noindex', 'nofollow'], false, true],
    [['BingBot: noindex, Ollagraph: nofollow'], false, true],
    [['ollagraph: noindex'], true, false],
    [['unavailable_after: 25 Jun 2027 15:00:00 GMT, noindex'], true, false],
    [['max-snippet: 20, max-image-preview: large'], false, false],
    [['googlebot: nofollow, unavailable_after: 25 Jun 2027 15:00:00 GMT, noindex'], false, false],
    [[''], false, false],
    [[], false, false],
  ];
  for (const [headers, noindex, nofollow] of values)
    assert.deepEqual(robotsOfHeaders(headers), { noindex, nofollow }, headers.join(' | '));
});

test('a meta element for another robot does not count', () => {
  assert.deepEqual(robotsOfMetas([{ name: 'googlebot', content: 'noindex' }]), {
    noindex: false,
    nofollow: false,
  });
  assert.deepEqual(robotsOfMetas([{ name: ' Robots ', content: 'noindex' }]), {
    noindex: true,
    nofollow: false,
  });
  assert.deepEqual(robotsOfMetas([{ name: 'ollagraph', content: 'NOFOLLOW' }]), {
    noindex: false,
    nofollow: true,
  });
});
