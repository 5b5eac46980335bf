import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createApi, type Api } from '../support/api.ts';
import { createAuthority } from '../support/net/certificates.ts';
import { inheritedEnvironment } from '../support/environment.ts';
import { startProcess } from '../support/process.ts';
import { startReceiver, type Callback, type Receiver } from '../support/receiver.ts';
import { bold, chapter, cross, dim, labelled, mute, say, startProgress, tick } from './screen.ts';
import { verify } from './verify.ts';
import { SECONDS_A_PAGE, startWindsSite, type WindsSite } from './winds.ts';

/**
 * Shows the whole loop on one machine: the real service, a small site to scrape and an HTTPS
 * receiver, all on loopback, all gone at the end.
 */
const cli = fileURLToPath(new URL('../../src/cli.ts', import.meta.url));
const run = promisify(execFile);
const HOOK = '/hooks/ollagraph';

interface Show {
  /** What an operator sets for the service and its command line. */
  env: Record<string, string>;
  site: WindsSite;
  receiver: Receiver;
  api: Api;
  secret: string;
}

async function main(): Promise<void> {
  const start = performance.now();
  await using stack = new AsyncDisposableStack();
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => reject(new InterruptedError(signal)));
  });
  const building = build(stack);
  try {
    await Promise.race([building.then(tell), interrupted]);
  } finally {
    mute();
    await building.catch(() => undefined); // reported already; the stack holds what it has started
    await stack.disposeAsync();
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `\n  ${dim(`That took ${seconds} s. Everything ran on this machine, in a temporary folder that is gone now.`)}`,
  );
  console.log(`  ${dim('Now your own:')} npm start\n`);
}

class InterruptedError extends Error {}

async function tell(show: Show): Promise<void> {
  await batch(show);
  await crawl(show);
  await history(show);
}

async function build(stack: AsyncDisposableStack): Promise<Show> {
  chapter('Ollagraph: queue a job, walk away, get one signed POST');
  const directory = await mkdtemp(join(tmpdir(), 'ollagraph-demo-'));
  stack.defer(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  // Open to the system user that runs Postgres where we are root.
  await chmod(directory, 0o755);
  const authority = await createAuthority();
  const receiver = stack.use(await startReceiver({ certificate: await authority.issue(['127.0.0.1']) }));
  const site = stack.use(await startWindsSite());
  const key = `ok_demo_${randomBytes(16).toString('hex')}`;
  const caFile = join(directory, 'ca.pem');
  await writeFile(caFile, authority.ca);
  const env = {
    NODE_EXTRA_CA_CERTS: caFile,
    DATA_DIR: directory,
    OLLAGRAPH_API_KEY: key,
    ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
    ALLOW_PRIVATE_WEBHOOKS: '127.0.0.0/8',
    WEBHOOK_RETRY_SCHEDULE: '1,2,5',
    RATE_LIMIT_PER_MINUTE: '0',
  };
  const service = startProcess(env);
  stack.defer(async () => {
    service.kill('SIGTERM');
    await service.exited;
  });
  const origin = `http://127.0.0.1:${await service.ready()}`;
  const api = createApi(origin, key);
  const me = await api('GET', '/v1/me');
  say(labelled('service', `${origin}   with a Postgres of its own`));
  say(labelled('site', `${site.origin}   ${site.size} pages, ${SECONDS_A_PAGE * 1000} ms each`));
  say(labelled('receiver', `${receiver.url(HOOK)}   verifies every signature`));
  return { env, site, receiver, api, secret: me.json.webhook_secret };
}

async function batch({ site, receiver, api, secret }: Show): Promise<void> {
  chapter('1  A batch');
  const webhook_url = receiver.url(HOOK);
  const jobId = await queue(api, '/v1/scrape/batch/async', {
    urls: site.winds,
    format: 'markdown',
    webhook_url,
  });
  const job = await watch(api, jobId);
  const [callback] = await receiver.received(1);
  const { timestamp } = verify(callback!, secret);

  say('', dim(`The callback, ${callback!.at - Date.parse(job.finished_at)} ms after the last page:`), '');
  say(`POST ${callback!.path}`);
  for (const name of SHOWN_HEADERS) say(`${name}: ${String(callback!.headers[name])}`);
  say('', bodyStart(callback!));
  say(
    '',
    `${tick()} signature verified over the ${callback!.bytes} raw bytes, timestamp ${Math.round(callback!.at / 1000) - timestamp} s old`,
  );
}

const SHOWN_HEADERS = [
  'content-type',
  'user-agent',
  'x-ollagraph-signature',
  'webhook-id',
  'x-ollagraph-delivery',
  'x-ollagraph-attempt',
];

async function crawl({ site, receiver, api, secret }: Show): Promise<void> {
  chapter('2  A crawl, and a receiver that fails twice');
  receiver.answers.push(
    { status: 503, body: 'down for maintenance' },
    { status: 503, body: 'down for maintenance' },
  );
  const before = receiver.callbacks.length;
  await watch(
    api,
    await queue(api, '/v1/crawl', { url: site.url('/'), max_pages: 100, webhook_url: receiver.url(HOOK) }),
  );
  say();
  const digests = new Set<string>();
  for (let attempt = 1; attempt <= 3; attempt++) {
    const callback = (await receiver.received(before + attempt))[before + attempt - 1]!;
    const { sha256 } = verify(callback, secret);
    digests.add(sha256);
    const answered = attempt < 3 ? `${cross()} answered 503` : `${tick()} answered 200`;
    say(
      `${timeOf(callback.at)}  attempt ${String(callback.headers['x-ollagraph-attempt'])}  ${answered}   ${callback.bytes} bytes  sha256 ${sha256.slice(0, 16)}…`,
    );
  }
  if (digests.size !== 1) throw new Error('The attempts did not carry the same bytes.');
  say('', `${tick()} the same bytes each time, signed anew each time`);
  say(dim('  (the demo retries after 1 and 2 s; the default is 5 s, 30 s, 2 min and so on for three days)'));
}

const HISTORY = `
  select d.job_id, a.number as attempt, to_char(a.started_at, 'HH24:MI:SS.MS') as started,
    a.status_code, a.error, round(a.duration_ms) as ms, a.bytes_sent,
    left(encode(d.body_sha256, 'hex'), 8) as sha256
  from deliveries d join attempts a on (a.account_id, a.delivery_id) = (d.account_id, d.id)
  order by a.started_at`;

async function history({ env, api }: Show): Promise<void> {
  chapter('3  The history is in Postgres');
  await allRecorded(api);
  say(`npm run -s ollagraph -- sql "${HISTORY}"`, '');
  const { stdout } = await run(process.execPath, [cli, 'sql', HISTORY], {
    env: { ...inheritedEnvironment(), ...env },
  });
  say(stdout.trimEnd());
  const { json: me } = await api('GET', '/v1/me');
  say('', `${me.credits} credits are left: one was used for each page that came back.`);
}

/** The receiver sees a delivery a moment before it is recorded. */
async function allRecorded(api: Api): Promise<void> {
  while ((await api('GET', '/v1/deliveries?status=pending')).json.data.length > 0) await sleep(20);
}

async function queue(
  api: Api,
  path: string,
  body: { urls?: string[]; [field: string]: unknown },
): Promise<string> {
  const shown = body.urls ? { ...body, urls: [body.urls[0], `… ${body.urls.length} in all`] } : body;
  const answer = await api('POST', path, body);
  if (answer.status !== 202) throw new Error(`${path} was refused: ${answer.text}`);
  say(`${bold('POST')} ${path}`, dim(JSON.stringify(shown)), `${bold('202')}  ${answer.text}`, '');
  return answer.json.job_id;
}

async function watch(api: Api, jobId: string) {
  const progress = startProgress('pages');
  for (;;) {
    const { json: job } = await api('GET', `/v1/jobs/${jobId}?result=false`);
    progress.update(job.total - job.remaining, job.total);
    if (job.finished_at !== null) {
      progress.end();
      return job;
    }
    await sleep(40);
  }
}

function bodyStart({ body, bytes }: Callback): string {
  const start = body.subarray(0, 600).toString();
  const lines = start.match(/.{1,96}/g) ?? [];
  return `${lines.join('\n')} ${dim(`… ${bytes} bytes`)}`;
}

const timeOf = (ms: number) => new Date(ms).toISOString().slice(11, 23);

try {
  await main();
} catch (error) {
  if (error instanceof InterruptedError) {
    console.error('\n  Interrupted; everything was stopped and removed.');
    process.exit(130); // the demo may still wait for an event that cannot come
  } else {
    console.error(error);
    process.exitCode = 1;
  }
}
