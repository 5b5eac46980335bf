import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startTestService, type TestService } from '../../support/service.ts';
import { page, startSite, type Site } from '../../support/site.ts';

const LOGIN = 'a-login-that-the-site-gave';
const GIVEN = 'a-cookie-that-the-caller-gave';

let service: TestService;
before(async () => {
  service = await startTestService({ WORKER_THREADS: '2', SECRET_KEY: 'a key for sealing cookies' });
});
after(() => service[Symbol.asyncDispose]());

const sealedOf = async (id: string) =>
  await service.db
    .selectFrom('jobs')
    .select(['secrets', 'session', 'options'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
const cookiesOf = (site: Site) =>
  Object.fromEntries(site.requests.map(({ path, headers }) => [path, headers.cookie ?? '']));

/**
 * A site whose front page sets a cookie, three pages deep. The last one answers when it is told.
 */
async function startLoginSite(): Promise<{ site: Site; reached: Promise<void>; answer: () => void }> {
  const reached = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  const site = await startSite({
    '/': { headers: { 'set-cookie': `login=${LOGIN}; Path=/` }, body: page('Front', 'text', ['/inside']) },
    '/inside': page('Inside', 'text', ['/last']),
    '/last': async (_req, res) => {
      reached.resolve();
      await told.promise;
      res.writeHead(200, { 'content-type': 'text/html' }).end(page('Last', 'text'));
    },
  });
  return { site, reached: reached.promise, answer: told.resolve };
}

test('a session keeps what a site sets for its job, sealed while it runs and dropped with its end', async () => {
  const { site, reached, answer } = await startLoginSite();
  await using _ = site;
  const body = { url: site.url('/'), sitemap: 'skip', session: 'job', respect_robots: false };
  const cookies = [{ name: 'given', value: GIVEN }];
  const id = await service.api.queue('/v1/crawl', { ...body, cookies });
  await reached;

  const { secrets, session, options } = await sealedOf(id);
  for (const sealed of [secrets, session]) assert.match(sealed!, /^aes:/);
  assert.ok(!JSON.stringify(options).includes(GIVEN));
  const shown = await service.api('GET', `/v1/jobs/${id}`);
  assert.deepEqual(shown.json.options.cookies, [{ name: 'given', domain: null, path: '/' }]);
  assert.ok(!shown.text.includes(GIVEN) && !shown.text.includes(LOGIN));

  answer();
  assert.equal((await service.api.finished(id)).succeeded, 3);
  const both = `given=${GIVEN}; login=${LOGIN}`;
  assert.deepEqual(cookiesOf(site), { '/': `given=${GIVEN}`, '/inside': both, '/last': both });
  const ended = await sealedOf(id);
  assert.deepEqual([ended.secrets, ended.session], [null, null]);
});

test('without a session each page has cookies of its own', async () => {
  const { site, answer } = await startLoginSite();
  await using _ = site;
  answer();
  const body = { url: site.url('/'), sitemap: 'skip', respect_robots: false };
  await service.api.finished(await service.api.queue('/v1/crawl', body));
  assert.deepEqual(cookiesOf(site), { '/': '', '/inside': '', '/last': '' });
});

const login = (value: string) => ({ cookies: [{ name: 'login', value }] });

test('an earlier result is reused only for the same cookies, and never in a session', async () => {
  await using site = await startSite({ '/': page('Front', 'text') });
  const scrape = async (more: object) => {
    const { status } = await service.api('POST', '/v1/scrape', {
      url: site.url('/'),
      max_age_seconds: 60,
      ...more,
    });
    assert.equal(status, 200);
    return site.requests.length;
  };
  const fetched = [];
  for (const more of [{}, {}, login('a'), login('a'), login('b'), { session: 'job' }, { session: 'job' }])
    fetched.push(await scrape(more));
  assert.deepEqual(fetched, [1, 1, 2, 2, 3, 4, 5]);
});

test('a cookie that could never be sent is refused, and the field is named', async () => {
  const refused = [
    [{ name: 'a b', value: '1' }, 'cookies[0].name'],
    [{ name: 'a', value: '1; Path=/' }, 'cookies[0].value'],
    [{ name: 'a', value: '1', domain: 'co.uk' }, 'cookies[0].domain'],
    [{ name: 'a', value: '1', domain: 'a b' }, 'cookies[0].domain'],
    [{ name: 'a', value: '1', path: 'deep' }, 'cookies[0].path'],
  ] as const;
  for (const [cookie, path] of refused) {
    const { status, json } = await service.api('POST', '/v1/scrape', {
      url: 'http://127.0.0.1/',
      cookies: [cookie],
    });
    assert.deepEqual([status, json.errors?.[0].path], [422, path], JSON.stringify(cookie));
  }
});
