import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { printable, oneLine, toJson } from '../../src/cli/terminal.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { page, startSite, type Site } from '../support/site.ts';
import { callerOf, runCli, runCliProcess, runJson } from './run-cli.ts';

const root = new URL('../..', import.meta.url);
const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string };

let service: TestService;
let site: Site;
let receiver: Receiver;
let env: Record<string, string>;
before(async () => {
  service = await startTestService({ WEBHOOK_RETRY_SCHEDULE: '3600' });
  env = callerOf(service);
  site = await startSite({ '/': page('Home', 'Hello.', ['/a']), '/a': page('Page A', 'First.') });
  receiver = await startReceiver();
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

test('webhooks test shows the first attempt; endpoints are listed, paused and resumed', async () => {
  const delivered = await runJson(env, ['webhooks', 'test', receiver.url()]);
  assert.deepEqual([delivered.status, delivered.attempt_log.length], ['delivered', 1]);

  receiver.answer = 500;
  const refused = await runCli(env, ['webhooks', 'test', receiver.url()]);
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stderr, /did not accept it: 500/);
  assert.match(refused.stdout, / 500 /);

  const { host } = new URL(receiver.url());
  const [endpoint] = (await runJson(env, ['endpoints', 'list'])).data;
  assert.deepEqual([endpoint.endpoint, endpoint.attempts], [host, 2]);
  assert.match((await runCli(env, ['endpoints', 'list'])).stdout, /50 %/);
  assert.equal((await runJson(env, ['endpoints', 'pause', host])).status, 'paused');
  assert.match((await runCli(env, ['endpoints', 'resume', host])).stdout, /is active/);
  const unknown = await runCli(env, ['endpoints', 'pause', 'none.test:443']);
  assert.deepEqual([unknown.exitCode, unknown.stderr], [1, 'error: There is no such endpoint.\n']);
});

test('secret rotate replaces the secret, usage counts credits by day', async () => {
  const old = (await runCli(env, ['me', '--secret'])).stdout.trim();
  const rotated = await runJson(env, ['secret', 'rotate', '--overlap', '60']);
  assert.notEqual(rotated.webhook_secret, old);
  assert.notEqual(rotated.previous_secret_until, null);
  assert.equal((await runCli(env, ['me', '--secret'])).stdout.trim(), rotated.webhook_secret);

  await runCli(env, ['scrape', site.url('/a')]);
  assert.equal((await runJson(env, ['usage'])).total, 1);
  assert.match((await runCli(env, ['usage'])).stdout, /1 credits in all\n$/);
  const wrong = await runCli(env, ['usage', '--from', '2026-02-31x']);
  assert.deepEqual([wrong.exitCode, wrong.stdout], [2, '']);
});

test('a crawl whose --include matches no link of the start says so', async () => {
  const crawl = ['crawl', site.url('/'), '--include'];
  const nothing = await runCli(env, [...crawl, '/docs']);
  assert.equal(nothing.exitCode, 0);
  assert.match(nothing.stderr, /no link that --include \/docs matches/);
  assert.equal((await runCli(env, [...crawl, '/a'])).stderr, '');
});

test('no control character reaches the terminal, as text, in a table or in JSON', async () => {
  const hostile = 'a\u001b[2J\u007f\u0080\u009b31m\u009fb';
  for (const text of [printable(hostile), oneLine(hostile), toJson({ hostile }), toJson([hostile], 2)])
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  assert.deepEqual(JSON.parse(toJson({ hostile })), { hostile });

  site.routes.set('/escape', page('Escape', 'red\u009b31m and \u001b[2Jgone'));
  const { stdout } = await runCli(env, ['scrape', site.url('/escape'), '--json']);
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(stdout, /[\u001b\u007f-\u009f]/);
});

test('npx ollagraph runs on the Node.js that the project brings', async () => {
  assert.equal((await runCliProcess({}, ['--version'])).stdout, `${version}\n`);
  const bin = new URL('src/cli/launch.js', root).pathname;
  const run = promisify(execFile);
  // An older Node.js, where this machine has one, hands over to the project's own.
  for (const node of [process.execPath, '/usr/bin/node'].filter((path) => existsSync(path))) {
    assert.equal((await run(node, [bin, '--version'])).stdout, `${version}\n`);
    const failed = await run(node, [bin, 'nonsense', '--json']).catch(
      (error: { code: number; stderr: string }) => error,
    );
    assert.deepEqual(
      ['code' in failed && failed.code, failed.stderr],
      [2, `{"error":"unknown command 'nonsense'"}\n`],
    );
  }
});
