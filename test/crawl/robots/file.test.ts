import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  ALLOW_ALL,
  DISALLOW_ALL,
  ROBOTS_MAX_BYTES,
  parseRobots,
  robotsOutcome,
  USER_AGENT_TOKEN,
} from '../../../src/crawl/robots.ts';
import { ours, SITE } from './cases.ts';

function delay(...lines: string[]): number | null {
  return parseRobots(lines.join('\n')).crawlDelaySeconds;
}

function padding(length: number): string {
  return `#${'x'.repeat(length - 2)}\n`;
}

describe('robots.txt: the file', () => {
  it('has one product token', () => {
    assert.equal(USER_AGENT_TOKEN, 'Ollagraph');
  });

  it('always allows /robots.txt itself', () => {
    for (const robots of [parseRobots('User-agent: *\nDisallow: /'), DISALLOW_ALL]) {
      assert.equal(robots.allows(`${SITE}/robots.txt`), true);
      assert.equal(robots.allows(`${SITE}/robots.txt.bak`), false);
      assert.equal(robots.allows(`${SITE}/a/robots.txt`), false);
    }
  });

  it('allows nothing that is not an http(s) URL', () => {
    for (const robots of [parseRobots(''), ALLOW_ALL]) {
      for (const url of ['', '/a', 'ftp://example.com/', 'mailto:a@example.com'])
        assert.equal(robots.allows(url), false);
    }
  });

  it('looks at the path only, whatever the user info, port and host', () => {
    const robots = parseRobots('User-agent: *\nDisallow: /a');
    assert.equal(robots.allows('http://u:p@[::1]:8080/a'), false);
    assert.equal(robots.allows('http://a.example/b'), true);
  });

  it('reads the crawl delay of our group', () => {
    assert.equal(delay('User-agent: *', 'Disallow: /'), null);
    assert.equal(delay('User-agent: *', 'Crawl-delay: 5'), 5);
    assert.equal(delay('User-agent: *', 'Crawl-delay: 0.5'), 0.5);
    assert.equal(delay('User-agent: *', 'Crawl-delay: .5 # half'), 0.5);
    assert.equal(delay('User-agent: *', 'Crawl-delay: 5', 'Disallow:', ...ours('Disallow: /')), null);
    assert.equal(delay('User-agent: *', 'Crawl-delay: 5', ...ours('Disallow: /')), 5, 'still one group');
    assert.equal(
      delay(
        ...ours('Crawl-delay: 2', 'Allow: /'),
        'User-agent: x',
        'Crawl-delay: 9',
        'Allow: /',
        ...ours('crawl-delay: 3'),
      ),
      3,
    );
    for (const bad of ['', '-1', 'soon', '1s', 'NaN', 'Infinity', '9'.repeat(400)]) {
      assert.equal(delay('User-agent: *', `Crawl-delay: ${bad}`), null, bad);
    }
  });

  it('reads absolute sitemaps, outside and inside of groups, each once', () => {
    const robots = parseRobots(
      [
        'Sitemap: https://example.com/1.xml',
        ...ours('Disallow: /', 'sitemap:https://cdn.example/2.xml?a=1 # second'),
        'User-agent: x',
        'Sitemap: https://example.com/1.xml',
        'Sitemap: /relative.xml',
        'Sitemap: ftp://example.com/3.xml',
        'Sitemap: https://example.com/ツ.xml',
      ].join('\n'),
    );
    assert.deepEqual(robots.sitemaps, [
      'https://example.com/1.xml',
      'https://cdn.example/2.xml?a=1',
      'https://example.com/%E3%83%84.xml',
    ]);
  });

  it('reads 500 KiB and drops a line cut there', () => {
    const head = 'User-agent: *\n';
    const rule = 'Disallow: /a';
    const fitting = head + padding(ROBOTS_MAX_BYTES - head.length - rule.length) + rule;
    assert.equal(fitting.length, 512_000);
    const cut = head + padding(ROBOTS_MAX_BYTES - head.length - rule.length + 1) + rule;
    assert.equal(parseRobots(fitting).allows(`${SITE}/a`), false);
    assert.equal(parseRobots(`${fitting}\nAllow: /a`).allows(`${SITE}/a`), false);
    assert.equal(
      parseRobots(`${fitting}bc\n`).allows(`${SITE}/abc`),
      true,
      'the cut line is dropped, not shortened',
    );
    assert.equal(parseRobots(`${cut}\n`).allows(`${SITE}/a`), true);
    assert.equal(parseRobots('x'.repeat(600_000)).allows(`${SITE}/a`), true);
  });

  it('decides by the status of the fetch', () => {
    const body = Buffer.from('User-agent: *\nDisallow: /a');
    const allows = (status: number, path: string): boolean =>
      robotsOutcome({ status, body }).allows(SITE + path);
    for (const status of [200, 203, 206]) {
      assert.equal(allows(status, '/a'), false);
      assert.equal(allows(status, '/b'), true);
    }
    for (const status of [301, 302, 400, 401, 403, 404, 410, 451])
      assert.equal(allows(status, '/a'), true, `${status}`);
    for (const status of [429, 500, 502, 503, 599]) assert.equal(allows(status, '/b'), false, `${status}`);
  });

  it('may be in UTF-16, with a byte order mark', () => {
    const utf16 = Buffer.from('\uFEFFUser-agent: *\r\nDisallow: /a', 'utf16le');
    for (const file of [utf16, Buffer.from(utf16).swap16()]) {
      assert.equal(parseRobots(file).allows(`${SITE}/a`), false);
      assert.equal(parseRobots(file).allows(`${SITE}/b`), true);
    }
  });

  it('Sitemap lines may be relative to their robots.txt', () => {
    const text =
      'Sitemap: /maps/all.xml\nSitemap: more.xml\nSitemap: //cdn.example/s.xml\nSitemap: https://x.example/a.xml';
    assert.deepEqual(parseRobots(text, 'https://site.example/robots.txt').sitemaps, [
      'https://site.example/maps/all.xml',
      'https://site.example/more.xml',
      'https://cdn.example/s.xml',
      'https://x.example/a.xml',
    ]);
    assert.deepEqual(parseRobots(text).sitemaps, ['https://x.example/a.xml']);
  });
});
