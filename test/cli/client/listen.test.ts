import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer, text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { startReceiver, type Callback } from '../../support/receiver.ts';
import type { TestService } from '../../support/service.ts';
import { shareTestService } from '../../support/shared-service.ts';
import { assertSigned } from '../../support/checks/signatures.ts';
import { page, startSite, type Site } from '../../support/site.ts';
import { startFront } from '../front.ts';
import { callerOf, runCli, runCliProcess, spawnCli } from '../run-cli.ts';

let service: TestService;
let site: Site;
let env: Record<string, string>;
before(async () => {
  service = await shareTestService();
  env = callerOf(service);
  site = await startSite({ '/': page('Home', 'Héllo 😀.') });
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

/** A receiver on plain HTTP, as one runs while developing. */
async function startLocalReceiver(answer: (callback: Callback, res: ServerResponse) => void) {
  const callbacks: Callback[] = [];
  const take = async (req: IncomingMessage, res: ServerResponse) => {
    const body = await buffer(req);
    const { method = '', url: path = '', headers } = req;
    const callback = { method, path, headers, body, bytes: body.length, at: Date.now() };
    callbacks.push(callback);
    answer(callback, res);
  };
  const local = await startSite({ '/hook?x=1': (req, res) => void take(req, res) });
  return {
    callbacks,
    url: local.url('/hook?x=1'),
    [Symbol.asyncDispose]: () => local[Symbol.asyncDispose](),
  };
}

const secretOf = async () => (await service.api('GET', '/v1/me')).json.webhook_secret as string;

test('callbacks of jobs with and without webhook_url reach a local receiver, signed', async () => {
  await using local = await startLocalReceiver((_callback, res) => res.end('thanks'));
  await using production = await startReceiver();
  using listener = spawnCli(env, ['listen', '--forward-to', local.url, '--count', '3']);
  const [said, trouble, ended] = [text(listener.stdout), text(listener.stderr), once(listener, 'exit')];
  await once(listener.stdout, 'data'); // it listens from now on
  const webhook_events = ['job.page', 'job.completed'];
  const webhook_url = production.url();
  const hooked = await service.api.queue('/v1/scrape/async', {
    url: site.url('/'),
    webhook_url,
    webhook_events,
  });
  await service.api('POST', '/v1/scrape', { url: site.url('/') });
  const plain = await service.api.queue('/v1/scrape/async', {
    url: site.url('/'),
    metadata: { b: 1.5, a: [null] },
  });
  assert.deepEqual(await ended, [0, null], await trouble);

  const secret = await secretOf();
  assert.equal(local.callbacks.length, 3);
  for (const callback of local.callbacks) {
    assertSigned(callback, secret);
    assert.deepEqual([callback.method, callback.path], ['POST', '/hook?x=1']);
  }
  const ids = local.callbacks.map(({ headers }) => headers['webhook-id']);
  assert.deepEqual(new Set(ids), new Set([`${hooked}.page.0`, hooked, plain]));
  const sent = await production.received(2);
  for (const original of sent) {
    const copy = local.callbacks[ids.indexOf(original.headers['webhook-id'])]!;
    assert.ok(copy.body.equals(original.body));
    const { host: _h, connection: _c, ...theirs } = original.headers;
    const { host: _h2, connection: _c2, ...ours } = copy.headers;
    assert.deepEqual(Object.keys(ours).toSorted(), Object.keys(theirs).toSorted());
    for (const name of [
      'content-type',
      'content-length',
      'user-agent',
      'x-ollagraph-delivery',
      'x-ollagraph-attempt',
    ])
      assert.equal(ours[name], theirs[name], name);
  }
  const body = JSON.parse(local.callbacks[ids.indexOf(plain)]!.body.toString());
  const job = await service.api.finished(plain);
  assert.deepEqual(body, {
    job_id: plain,
    status: 'completed',
    result: job.result,
    cut_short: false,
    metadata: { b: 1.5, a: [null] },
  });

  const lines = (await said).trimEnd().split('\n').slice(-3);
  for (const [n, line] of lines.entries())
    assert.match(line, new RegExp(`  ${local.callbacks[n]!.bytes} bytes  ✓ 200  \\d+ ms  thanks$`));
});

test('the answers are shown, refusals too; with --count they are a failure', async () => {
  const since = new Date().toISOString();
  const job_id = await service.api.queue('/v1/scrape/async', { url: site.url('/') });
  await service.api.finished(job_id);
  await using local = await startLocalReceiver((_callback, res) =>
    res.writeHead(401).end('bad\u001b[2J signature'),
  );
  const args = ['listen', '--since', since, '--count', '1', '--forward-to'];
  const refused = await runCli(env, [...args, local.url]);
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stdout, /^Forwarding the callbacks of another \(acct_\w+\) to http:/);
  assert.match(
    refused.stdout,
    new RegExp(`job\\.completed {2}${job_id} {2}\\d+ bytes {2}✗ 401 .*bad\\[2J signature\n$`),
  );
  assert.equal(refused.stderr, 'error: 1 of 1 callbacks were not accepted.\n');

  const closed = await runCli(env, [...args, 'http://127.0.0.1:1/hook', '--json']);
  assert.equal(closed.exitCode, 1);
  const { status, error } = JSON.parse(closed.stdout);
  assert.deepEqual([status, error], [null, 'ECONNREFUSED']);
  assert.equal((await runCli(env, ['listen', '--forward-to', 'localhost:80'])).exitCode, 2);
});

test('a callback whose pages are gone is reported; one the service fails to read is not', async () => {
  let problem = { status: 404, code: 'not_found' };
  await using front = await startFront(service.api.origin, (req, res) => {
    if (!req.url?.startsWith('/v1/callbacks/')) return false;
    const body = { type: 'about:blank', title: '', detail: 'Something failed.', request_id: 'r', ...problem };
    res.writeHead(problem.status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(body));
    return true;
  });
  const since = new Date().toISOString();
  await service.api.finished(await service.api.queue('/v1/scrape/async', { url: site.url('/') }));
  const args = ['listen', '--since', since, '--count', '1', '--forward-to', 'http://127.0.0.1:1/'];
  const listen = async () => await runCli({ ...env, OLLAGRAPH_URL: front.origin }, args);
  const gone = await listen();
  assert.match(gone.stdout, / job_\w+ {2}✗ its pages are no longer kept\n$/);
  problem = { status: 500, code: 'internal_error' };
  const failed = await listen();
  assert.deepEqual([failed.exitCode, failed.stderr], [1, 'error: Something failed.\n']);
});

test('a callback too large to forward is reported once, and the next one is forwarded', async () => {
  const since = new Date().toISOString();
  const ids: string[] = [];
  for (let n = 0; n < 2; n++) {
    ids.push(await service.api.queue('/v1/scrape/async', { url: site.url('/') }));
    await service.api.finished(ids[n]!);
  }
  const megabyte = Buffer.alloc(1 << 20, 'x');
  await using front = await startFront(service.api.origin, (req, res) => {
    if (req.url !== `/v1/callbacks/${ids[0]}`) return false;
    res.writeHead(200, { 'content-type': 'application/json' });
    const pour = () => {
      while (res.write(megabyte));
    };
    res.on('drain', pour);
    pour();
    return true;
  });
  await using local = await startLocalReceiver((_callback, res) => res.end());
  const args = ['listen', '--since', since, '--count', '2', '--forward-to', local.url];
  const { stdout, stderr } = await runCliProcess({ ...env, OLLAGRAPH_URL: front.origin }, args);
  const lines = stdout.trimEnd().split('\n').slice(-2);
  assert.match(lines[0]!, new RegExp(`  ${ids[0]} {2}✗ it is larger than 512 MiB`));
  assert.match(lines[1]!, new RegExp(`  ${ids[1]} {2}\\d+ bytes {2}✓ 200`));
  assert.equal(stderr, 'error: 1 of 2 callbacks were not accepted.\n');
  assert.deepEqual(
    local.callbacks.map(({ headers }) => headers['webhook-id']),
    [ids[1]],
  );
});

test('each callback is forwarded once, even across a break; Ctrl-C ends it in order', async () => {
  let requests = 0;
  await using front = await startFront(service.api.origin, (req, res) => {
    if (!req.url?.startsWith('/v1/callbacks') || ![2, 5, 8].includes(++requests)) return false;
    if (requests === 5) res.destroy();
    else res.writeHead(503, { 'content-type': 'text/plain' }).end('deploying');
    return true;
  });
  const since = new Date().toISOString();
  await using local = await startLocalReceiver((_callback, res) => res.end());
  const other = await service.createAccount();
  await other.api.finished(await other.api.queue('/v1/scrape/async', { url: site.url('/') }));
  const queued: string[] = [];
  for (let n = 0; n < 4; n++)
    queued.push(await service.api.queue('/v1/scrape/async', { url: site.url('/') }));
  for (const id of queued) await service.api.finished(id);

  const through = { ...env, OLLAGRAPH_URL: front.origin };
  using listener = spawnCli(through, ['listen', '--since', since, '--forward-to', local.url, '--json']);
  const [said, trouble, ended] = [text(listener.stdout), text(listener.stderr), once(listener, 'exit')];
  let lines = 0;
  listener.stdout.on('data', (chunk) => {
    lines += String(chunk).split('\n').length - 1;
    // Two more looks at the list follow before the signal: they must not forward anything again.
    if (lines === queued.length) {
      const seen = requests;
      const timer = setInterval(() => {
        if (requests < seen + 2) return;
        clearInterval(timer);
        listener.kill('SIGINT');
      }, 20);
    }
  });
  assert.deepEqual(await ended, [0, null], await said);
  assert.match(await trouble, /still trying/);
  const ids = local.callbacks.map(({ headers }) => headers['webhook-id']);
  assert.equal(ids.length, queued.length);
  assert.deepEqual(new Set(ids), new Set(queued));
});
