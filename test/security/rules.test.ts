import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { logWelcome } from '../../src/service/welcome.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { page, startSite, type Site } from '../support/site.ts';
import { RULES } from './rules.ts';

let service: TestService;
let site: Site;
before(async () => {
  service = await startTestService();
  site = await startSite();
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

for (const [rule, ...tests] of RULES) {
  test(`tested: ${rule}`, async () => {
    assert.ok(tests.length > 0);
    for (const [file, name] of tests) {
      const source = await read(`test/${file}`);
      assert.ok(
        new RegExp(`test\\(\\s*['"\`]${RegExp.escape(name)}`).test(source),
        `${file} has no test "${name}"`,
      );
    }
  });
}

const read = (file: string) => readFile(join(import.meta.dirname, '../..', file), 'utf8');

test('src/README.md gives a reason for every package that runs in production', async () => {
  const { dependencies, optionalDependencies } = JSON.parse(await read('package.json')) as Record<
    string,
    object
  >;
  const [, section = ''] = (await read('src/README.md')).split('\n## Dependencies\n');
  const table = section.split('\n## ')[0]!;
  const names = Object.keys({ ...dependencies, ...optionalDependencies });
  for (const name of names) assert.ok(table.includes(`\`${name}\``), name);
});

test('the log of the start names the open private networks and a missing SECRET_KEY', async () => {
  logWelcome(service.context, service.service.port);
  const told = new Map(service.logs.map((line) => [line.msg, line.networks]));
  assert.deepEqual(told.get('private networks may be scraped'), ['127.0.0.0/8', '::1/128']);
  assert.deepEqual(told.get('private networks may be called back'), ['127.0.0.0/8', '::1/128']);
  assert.ok(
    told.has(
      'SECRET_KEY is not set: webhook secrets, and headers that callers send along, are stored unencrypted',
    ),
  );
  await using strict = await startTestService({
    ALLOW_PRIVATE_TARGETS: '',
    ALLOW_PRIVATE_WEBHOOKS: '',
    SECRET_KEY: 'a secret of some length',
    ROLES: 'web',
  });
  logWelcome(strict.context, strict.service.port);
  const messages = strict.logs.map((line) => line.msg);
  assert.ok(messages.includes('ollagraph is ready'));
  assert.ok(!messages.some((text) => /private networks|SECRET_KEY/.test(String(text))));
});

/** Random, so that compression does not shorten it. */
const pathOf = (bytes: number) => `/?${randomBytes(bytes).toString('hex')}`;

test('URLs of thousands of characters fit the indexes, in a batch and in a crawl', async () => {
  // A crawl follows links of up to 2,048 characters.
  const long = Array.from({ length: 5 }, () => pathOf(2000));
  const links = Array.from({ length: 5 }, () => pathOf(1000));
  for (const path of long) site.routes.set(path, page('Long', 'Links.', links));
  for (const path of links) site.routes.set(path, page('Linked', path.slice(-100)));
  const urls = long.map((path) => site.url(path));
  const batch = await service.api.finished(await service.api.queue('/v1/scrape/batch/async', { urls }));
  assert.deepEqual([batch.status, batch.succeeded], ['completed', 5]);
  const crawl = await service.api.finished(await service.api.queue('/v1/crawl', { url: urls[0] }));
  assert.deepEqual([crawl.status, crawl.succeeded], ['completed', 6]);
});

test('a key that names the prototype is refused wherever it stands', async () => {
  const url = JSON.stringify(site.url('/'));
  for (const key of ['__proto__', 'constructor', 'prototype'])
    for (const body of [
      `{"url":${url},"${key}":{}}`,
      `{"url":${url},"metadata":{"a":[{"${key}":1}]}}`,
      `{"url":${url},"headers":{"${key}":"a"}}`,
      `{"url":${url},"webhook_headers":{"\\u005f_proto__":"a","${key}":"b"}}`,
    ]) {
      const { status } = await service.api('POST', '/v1/scrape/async', body);
      assert.equal(status, 422, body);
    }
});
