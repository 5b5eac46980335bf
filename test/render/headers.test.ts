import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROWSER, noBrowser } from '../support/browser/browser.ts';
import { startTestService } from '../support/service.ts';
import { startSite } from '../support/site.ts';

test('headers of the caller arrive alike, fetched and rendered', { skip: noBrowser }, async () => {
  await using service = await startTestService({ CHROMIUM_PATH: BROWSER });
  await using site = await startSite({ '/': '<main><p>Words enough to be read.</p></main>' });
  const headers = {
    Referer: 'https://example.com/from',
    Origin: 'https://example.com',
    'X-Name': 'Grüße',
    'X-Empty': '',
    Authorization: 'Basic YQ==',
  };
  const arrived = [];
  for (const render of [false, true]) {
    const { json } = await service.api('POST', '/v1/scrape', { url: site.url('/'), headers, render });
    assert.equal(json.status, 'ok', JSON.stringify(json.error));
    const seen = site.requests.findLast(({ path }) => path === '/')!.headers;
    arrived.push(Object.keys(headers).map((name) => seen[name.toLowerCase()]));
  }
  const bytes = Buffer.from(headers['X-Name']).toString('latin1');
  const expected = Object.values({ ...headers, 'X-Name': bytes });
  assert.deepEqual(arrived, [expected, expected]);
});

test('headers that no browser sends are refused', async () => {
  await using service = await startTestService();
  for (const name of ['Cookie2', 'Set-Cookie', 'Proxy-Foo']) {
    const body = { url: 'https://example.com/', headers: { [name]: 'a=b' } };
    const { status, json } = await service.api('POST', '/v1/scrape', body);
    assert.equal(status, 422);
    assert.match(json.detail, new RegExp(`headers.*${name}`));
  }
});
