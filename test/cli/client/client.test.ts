import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { createApi } from '../../../src/cli/client/api.ts';
import { followJob } from '../../../src/cli/client/scrape/follow.ts';
import { testRun } from '../../support/environment.ts';
import { startReceiver, type Receiver } from '../../support/receiver.ts';
import { startTestService, type TestService } from '../../support/service.ts';
import { gate, page, startSite, type Site } from '../../support/site.ts';
import { eventually } from '../../support/wait.ts';
import { startFront } from '../front.ts';
import { callerOf, finishCli, runCli, runCliProcess, runJson, spawnCli, type CliRun } from '../run-cli.ts';

let service: TestService;
let site: Site;
let receiver: Receiver;
let env: Record<string, string>;
before(async () => {
  service = await startTestService({ WEBHOOK_RETRY_SCHEDULE: '0' });
  env = callerOf(service);
  site = await startSite({
    '/': page('Home', 'Hello.', ['/a', '/b']),
    '/a': page('Page A', 'First.'),
    '/b': page('Page B', 'Second.'),
  });
  receiver = await startReceiver();
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

function assertEnded(
  run: CliRun,
  exitCode: number,
  stdout: string | RegExp,
  stderr: string | RegExp = '',
): void {
  assert.equal(run.exitCode, exitCode, run.stderr);
  for (const [said, expected] of [
    [run.stdout, stdout],
    [run.stderr, stderr],
  ] as const)
    if (typeof expected === 'string') assert.equal(said, expected);
    else assert.match(said, expected);
}

/**
 * Runs a command that follows a job. The page at `path` answers once the command has shown the
 * job's first state.
 */
async function runFollowing(path: string, body: string, args: string[], input = ''): Promise<CliRun> {
  const held = gate(body);
  site.routes.set(path, held.route);
  const child = spawnCli(env, args);
  child.stdout.once('data', () => held.open());
  return await finishCli(child, input);
}

/** A refused port: the page fails at once. */
const NOWHERE = 'http://127.0.0.1:1/';

test('scrape prints the page in the format asked for, and its block as JSON', async () => {
  assertEnded(await runCliProcess(env, ['scrape', site.url('/a')]), 0, '# Page A\n\nFirst.\n');
  const links = await runCli(env, ['scrape', site.url('/'), '--format', 'links']);
  assertEnded(links, 0, `${site.url('/a')}\n${site.url('/b')}\n`);
  const metadata = await runCli(env, ['scrape', site.url('/'), '--format', 'metadata']);
  assert.equal(JSON.parse(metadata.stdout).title, 'Home');
  const block = await runJson(env, ['scrape', site.url('/a'), '--format', 'text']);
  assert.deepEqual([block.status, block.url], ['ok', site.url('/a')]);
  assertEnded(await runCli(env, ['scrape', site.url('/none')]), 0, /Not found/, '(answered 404)\n');
});

test('what a page says moves no cursor', async () => {
  site.routes.set('/escape', page('Escape', 'red\u009b31m and \u001b[2Jgone'));
  const { stdout } = await runCli(env, ['scrape', site.url('/escape')]);
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(stdout, /[\u001b\u009b]/);
});

test('exit codes distinguish failures, wrong usage, an unreachable service and a refused key', async () => {
  const failed = await runCliProcess(env, ['scrape', NOWHERE, '--json']);
  assertEnded(failed, 1, '', /port is not one of web servers/);
  assert.equal(JSON.parse(failed.stderr).code, 'blocked_target');
  assertEnded(await runCli(env, ['deliveries', 'dlv_none']), 1, '', 'error: There is no such delivery.\n');
  assertEnded(await runCli(env, ['crawl', 'nonsense']), 2, '', 'error: url: must be an absolute URL\n');
  assertEnded(await runCli(env, ['scrape', NOWHERE, '--format', 'docx']), 2, '', /must be one of markdown/);
  assertEnded(await runCli(env, ['batch', '/no/such/file']), 2, '', /cannot be read/);
  assertEnded(await runCli(env, ['recover']), 2, '', /--since/);
  for (const args of [['recover'], ['jobs', '--limit', 'x'], ['no-such-command'], []]) {
    const wrong = await runCli(env, [...args, '--json']);
    assert.equal(wrong.exitCode, 2);
    assert.match(JSON.parse(wrong.stderr).error, /^[^(]/);
  }
  assertEnded(
    await runCli(env, ['jobs', '--key', 'short']),
    2,
    '',
    /'--key <key>' .* at least 16 characters/,
  );
  assertEnded(await runCli(env, ['jobs', '--service', 'localhost']), 2, '', /'--service <url>' .* http:\/\//);
  assertEnded(await runCli({}, ['jobs']), 2, '', /OLLAGRAPH_API_KEY/);
  assertEnded(
    await runCli({ ...env, OLLAGRAPH_URL: 'ftp://x' }, ['jobs']),
    2,
    '',
    /OLLAGRAPH_URL: must start/,
  );

  assertEnded(
    await runCli({ ...env, OLLAGRAPH_URL: 'http://127.0.0.1:9' }, ['jobs']),
    3,
    '',
    /cannot be reached/,
  );
  assertEnded(await runCli(env, ['jobs', '--service', site.origin]), 3, '', /not as Ollagraph does/);
  const refused = await runCli(env, ['jobs', '--key', 'ok_another_key_123456', '--json']);
  assertEnded(refused, 4, '', /does not take this key/);
  assert.equal(JSON.parse(refused.stderr).code, 'unauthorized');
});

test('a command waits until the rate limit lets it go on', async () => {
  let asked = 0;
  await using front = await startFront(service.api.origin, (_req, res) => {
    if (++asked > 2) return false;
    res.writeHead(429, { 'retry-after': '0', 'content-type': 'application/problem+json' }).end('{}');
    return true;
  });
  const { data } = await runJson({ ...env, OLLAGRAPH_URL: front.origin }, ['jobs']);
  assert.ok(Array.isArray(data));
  assert.equal(asked, 3);
});

test('batch queues the URLs of a file or of its standard input; with --wait it follows them', async () => {
  const file = join(testRun().directory, 'urls.txt');
  await writeFile(file, `# two pages\n${site.url('/a')}\n\n  ${site.url('/b')}\r\n`);
  const queued = await runCli(env, ['batch', file]);
  assertEnded(queued, 0, /^job_[0-9a-f]{24}\n$/);
  assert.equal((await service.api.finished(queued.stdout.trim())).total, 2);

  const input = `${site.url('/slow')}\n${NOWHERE}\n`;
  const followed = await runFollowing('/slow', page('Slow', 'text'), ['batch', '-', '--wait'], input);
  assertEnded(followed, 0, /\n2 of 2 pages, 1 failed {2}.*\njob_\w+ completed: 1 of 2 pages came back/);
  await writeFile(file, `# one page\n${site.url('/a')}\n\nexample.com\n`);
  assertEnded(
    await runCli(env, ['batch', file]),
    2,
    '',
    new RegExp(`${file}, line 4: not an .* URL: example\\.com\n$`),
  );
  assertEnded(
    await runCli(env, ['batch', '-'], '# none\n'),
    2,
    '',
    'error: There are no URLs in standard input.\n',
  );
  const lost = await runCli(env, ['batch', '-', '--wait', '--json'], NOWHERE);
  assert.equal(lost.exitCode, 1);
  assert.deepEqual(
    [JSON.parse(lost.stdout).status, JSON.parse(lost.stderr).error],
    ['failed', 'The job failed.'],
  );
});

test('map prints the URLs of a site, one per line', async () => {
  const urls = (await runJson(env, ['map', site.url('/')])).urls.map(({ url }: { url: string }) => url);
  assertEnded(await runCli(env, ['map', site.url('/')]), 0, `${urls.join('\n')}\n`, '');
  const [first] = urls;
  const cut = await runCli(env, ['map', site.url('/'), '--max-urls', '1']);
  assertEnded(cut, 0, `${first}\n`, '(there are more)\n');
});

test('crawl shows plain lines where nobody watches, and its pages can be read', async () => {
  const home = page('Home', 'Hello.', ['/a', '/b']);
  const args = ['crawl', site.url('/slow-home'), '--exclude', '/b', '--format', 'text'];
  const run = await runFollowing('/slow-home', home, args);
  assertEnded(run, 0, /\n2 of 2 pages {2}.*\njob_\w+ completed: 2 of 2 pages came back/);
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(run.stdout, /[\r\u001b█]/);
  const [id = ''] = /job_[0-9a-f]{24}/.exec(run.stdout) ?? [];
  const pages = (await runCli(env, ['pages', id])).stdout.trimEnd().split('\n');
  assert.deepEqual(
    pages.map((line) => JSON.parse(line).url),
    [site.url('/slow-home'), site.url('/a')],
  );
  const job = await runJson(env, ['crawl', site.url('/'), '--max-pages', '1']);
  assert.deepEqual([job.status, job.succeeded], ['completed', 1]);
  assert.match((await runJson(env, ['crawl', site.url('/'), '--no-wait'])).job_id, /^job_/);
});

test('following a job survives a broken stream, and Ctrl-C leaves the job alone', async () => {
  const held = gate(page('Held', 'text'));
  site.routes.set('/held', held.route);
  let streams = 0;
  await using front = await startFront(service.api.origin, (req, res) => {
    if (!req.url?.endsWith('/events') || ++streams > 1) return false;
    res.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: prog');
    res.destroy();
    return true;
  });
  const id = await service.api.queue('/v1/scrape/batch/async', { urls: [site.url('/held')] });
  const following = followJob(createApi(front.origin, service.account.key), id, () => {});
  await held.entered;
  await eventually(() => streams === 2);

  using watching = spawnCli(env, ['crawl', site.url('/held')]);
  const ended = once(watching, 'exit');
  const said = Promise.all([text(watching.stdout), text(watching.stderr)]);
  watching.stdout.once('data', () => watching.kill('SIGINT'));
  assert.deepEqual(await ended, [130, null]);
  const [running = ''] = /job_[0-9a-f]{24}/.exec((await said)[1]) ?? [];
  held.open();
  assert.equal((await following).status, 'completed');
  assert.equal((await service.api.finished(running)).status, 'completed');
});

test('a stream that stays silent is given up', async () => {
  const id = await service.api.queue('/v1/scrape/async', { url: site.url('/a') });
  let streams = 0;
  await using front = await startFront(service.api.origin, (_req, res) => {
    streams++;
    res.writeHead(200, { 'content-type': 'text/event-stream' }).end(': nothing\n\n');
    return true;
  });
  const api = createApi(front.origin, service.account.key);
  await assert.rejects(
    followJob(api, id, () => assert.fail(), 1),
    { message: `There is no news of ${id}`, exitCode: 3 },
  );
  assert.equal(streams, 60);
});

test('cancel stops a job', async () => {
  const held = gate(page('Held', 'text'));
  site.routes.set('/stopped', held.route);
  const id = await service.api.queue('/v1/scrape/batch/async', {
    urls: [site.url('/stopped'), site.url('/stopped')],
  });
  await held.entered;
  assertEnded(await runCli(env, ['cancel', id]), 0, `${id} is cancelled: 0 of 2 pages had come back.\n`);
  held.open();
  assertEnded(await runCli(env, ['cancel', 'job_none']), 1, '', 'error: There is no such job.\n');
});

test('jobs lists jobs and shows one', async () => {
  const id = await service.api.queue('/v1/scrape/async', { url: site.url('/a'), metadata: { n: 1 } });
  await service.api.finished(id);
  const { data } = await runJson(env, ['jobs', '--kind', 'scrape', '--status', 'completed', '--limit', '1']);
  assert.deepEqual([data.length, data[0].job_id], [1, id]);
  assert.match((await runCli(env, ['jobs'])).stdout, new RegExp(`${id} {2}scrape {2,}completed`));
  assert.match((await runCli(env, ['jobs', id])).stdout, /\nmetadata +\{"n":1\}\n/);
  assert.equal((await runJson(env, ['jobs', id])).result, undefined);
  const all = await service.api('GET', '/v1/jobs?limit=100');
  assert.equal((await runJson(env, ['jobs', '--limit', '1000'])).data.length, all.json.data.length);
});

test('deliveries, redeliver and recover', async () => {
  receiver.answer = { status: 500, body: 'not\u001b[31m today' };
  const url = receiver.url('/cli');
  const id = await service.api.queue('/v1/scrape/async', { url: site.url('/a'), webhook_url: url });
  await receiver.received(2, '/cli');
  const delivery = await eventually(async () => {
    const { data } = await runJson(env, [
      'deliveries',
      '--job',
      id,
      '--status',
      'exhausted',
      '--since',
      '1h',
    ]);
    return data[0]?.id as string | undefined;
  });
  const shown = await runCli(env, ['deliveries', delivery]);
  assertEnded(shown, 0, /status +exhausted\n[^]*\n +2 +schedule .* 500 +http_error +not\[31m today/);
  assert.equal((await runJson(env, ['deliveries', delivery])).attempt_log.length, 2);
  assert.match(
    (await runCli(env, ['deliveries', '--webhook-url', url])).stdout,
    new RegExp(`^${delivery} `, 'm'),
  );

  const window = ['recover', '--since', '10m', '--webhook-url', url];
  assertEnded(await runCli(env, [...window, '--dry-run']), 0, '1 delivery would be sent again.\n');
  receiver.answer = 200;
  assert.deepEqual(await runJson(env, window), { deliveries: 1, dry_run: false });
  await receiver.received(3, '/cli');
  // One that is being sent is left to finish.
  await eventually(async () => (await runJson(env, ['deliveries', delivery])).status === 'delivered');
  assertEnded(await runCli(env, ['redeliver', delivery]), 0, `${delivery} is sent again to ${url}\n`);
  await receiver.received(4, '/cli');
  assertEnded(await runCli(env, ['redeliver', 'dlv_none']), 1, '', /no such delivery/);
});

test('me says whose key it is; the secret only when asked', async () => {
  const { webhook_secret } = (await service.api('GET', '/v1/me')).json;
  const me = await runCli(env, ['me']);
  assertEnded(me, 0, new RegExp(`^account_id +${service.account.id}\n`));
  assert.ok(!me.stdout.includes(webhook_secret));
  assert.equal((await runJson(env, ['me'])).webhook_secret, undefined);
  assertEnded(await runCli(env, ['me', '--secret']), 0, `${webhook_secret}\n`);
});
