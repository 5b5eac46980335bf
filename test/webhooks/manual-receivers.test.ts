import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { certificateFiles } from '../support/net/certificates.ts';
import { testRun } from '../support/environment.ts';
import { listen } from '../support/net/listen.ts';
import { missing } from '../support/programs/programs.ts';
import type { TestService } from '../support/service.ts';
import { shareTestService } from '../support/shared-service.ts';
import { page, startSite, type Site } from '../support/site.ts';
import { eventually } from '../support/wait.ts';

const root = new URL('../../', import.meta.url);
let service: TestService;
let site: Site;
let secret: string;
before(async () => {
  service = await shareTestService({ WEBHOOK_RETRY_SCHEDULE: '0' });
  site = await startSite({ '/': page('Home', 'Grüße.') });
  secret = (await service.api('GET', '/v1/me')).json.webhook_secret;
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

const MANUAL = 'src/docs/manual/receiving.md';

/** The code in a document that this comment marks. */
async function codeIn(document: string, name: string): Promise<string> {
  const text = await readFile(new URL(document, root), 'utf8');
  const code = new RegExp(`<!-- ${name} -->\\s*\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(text)?.[1];
  assert.ok(code, `${document} has no ${name}`);
  return code;
}

async function unusedPort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((closed) => server.close(closed));
  return port;
}

interface RunningReceiver extends AsyncDisposable {
  url: string;
  /** The lines that it printed. */
  lines(): string[];
}

/**
 * Runs a receiver of the manual, in a folder of its own in which the project's packages can be
 * found.
 */
async function run(command: string, file: string, code: string): Promise<RunningReceiver> {
  const { directory } = testRun();
  const folder = join(directory, `receiver-${file}`);
  await mkdir(folder);
  await symlink(new URL('node_modules', root).pathname, join(folder, 'node_modules'));
  await writeFile(join(folder, file), code);
  const port = await unusedPort();
  const { key, cert } = certificateFiles(directory);
  const child = spawn(command, [file], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PORT: String(port),
      OLLAGRAPH_WEBHOOK_SECRET: secret,
      TLS_KEY: key,
      TLS_CERT: cert,
    },
  });
  let printed = '';
  child.stdout.on('data', (chunk) => (printed += String(chunk)));
  child.stderr.on('data', (chunk) => (printed += String(chunk)));
  const exited = once(child, 'exit');
  const url = `https://127.0.0.1:${port}/hooks/ollagraph`;
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`it ended: ${printed}`);
    return (await fetch(url, { method: 'POST' })).status === 401;
  });
  return {
    url,
    lines: () => printed.split('\n'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/**
 * A receiver takes a real callback once, ignores its repetition, and refuses whatever is not
 * genuine.
 */
async function assertReceives(receiver: RunningReceiver): Promise<void> {
  const job_id = await service.api.queue('/v1/scrape/batch/async', {
    urls: [site.url('/'), 'http://10.0.0.1/'],
    webhook_url: receiver.url,
  });
  const { delivery } = await service.api.finished(job_id);
  await eventually(
    async () => (await service.api('GET', `/v1/deliveries/${delivery.id}`)).json.status === 'delivered',
  );
  await service.api('POST', `/v1/deliveries/${delivery.id}/redeliver`);
  await eventually(
    async () => (await service.api('GET', `/v1/deliveries/${delivery.id}`)).json.attempts === 2,
  );
  await eventually(
    async () => (await service.api('GET', `/v1/deliveries/${delivery.id}`)).json.status === 'delivered',
  );
  assert.equal(
    receiver.lines().filter((line) => line.includes(job_id) && line.includes('completed')).length,
    1,
  );

  const { webhook_secret } = (await service.api('POST', '/v1/me/webhook-secret/rotate')).json;
  const other = (await service.api('POST', '/v1/me/webhooks/test', { webhook_url: receiver.url })).json;
  assert.equal(other.attempt_log[0].status_code, 401);
  assert.notEqual(webhook_secret, secret);
  secret = webhook_secret;
  const forged = await fetch(receiver.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-ollagraph-signature': `t=1,v1=${'0'.repeat(64)}` },
    body: '{}',
  });
  assert.equal(forged.status, 401);
}

test('the receiver for Node, which the README shows as well', async () => {
  const code = await codeIn(MANUAL, 'receiver:node');
  assert.equal(await codeIn('README.md', 'receiver:node'), code);
  await using receiver = await run(process.execPath, 'receiver.mjs', code);
  await assertReceives(receiver);
});

test('the receiver for Python with Flask', { skip: missing('Flask') }, async () => {
  await using receiver = await run('python3', 'receiver_flask.py', await codeIn(MANUAL, 'receiver:python'));
  await assertReceives(receiver);
});

test('the receiver for Python alone', { skip: missing('Python') }, async () => {
  await using receiver = await run(
    'python3',
    'receiver_stdlib.py',
    await codeIn(MANUAL, 'receiver:python-stdlib'),
  );
  await assertReceives(receiver);
});
