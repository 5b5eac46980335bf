import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { createSigner } from '../../src/webhooks/send/sign.ts';
import { missing } from '../support/programs/programs.ts';
import { startReceiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';

const run = promisify(execFile);
const drivers = new URL('drivers/', import.meta.url).pathname;
const snippets = new URL('../../src/docs/', import.meta.url).pathname;

interface Case {
  what: string;
  secret: string;
  header: string;
  body: Buffer;
  genuine: boolean;
}

let service: TestService;
let cases: Case[];
before(async () => {
  service = await startTestService({ ROLES: 'web,dispatcher' });
  cases = await collectCases();
});
after(() => service[Symbol.asyncDispose]());

/**
 * Real callbacks, one of them during an overlap of secrets, and what is not genuine in each way.
 */
async function collectCases(): Promise<Case[]> {
  await using receiver = await startReceiver();
  const signed = async () => {
    receiver.callbacks.length = 0;
    await service.api('POST', '/v1/me/webhooks/test', { webhook_url: receiver.url() });
    const { headers, body } = (await receiver.received(1))[0]!;
    return { header: String(headers['x-ollagraph-signature']), body };
  };
  const first = (await service.api('GET', '/v1/me')).json.webhook_secret as string;
  const plain = await signed();
  const rotated = await service.api('POST', '/v1/me/webhook-secret/rotate', { overlap_seconds: 3600 });
  const second = rotated.json.webhook_secret as string;
  const both = await signed();
  const changed = Buffer.from(plain.body);
  changed[changed.length - 2]! ^= 1;
  return [
    { what: 'a callback', secret: first, ...plain, genuine: true },
    { what: 'a callback with two signatures, by the new secret', secret: second, ...both, genuine: true },
    { what: 'a callback with two signatures, by the previous secret', secret: first, ...both, genuine: true },
    { what: 'a changed body', secret: first, header: plain.header, body: changed, genuine: false },
    { what: 'a cut body', secret: first, header: plain.header, body: plain.body.subarray(1), genuine: false },
    { what: 'another secret', secret: second, ...plain, genuine: false },
    {
      what: 'a changed time',
      secret: first,
      ...plain,
      header: plain.header.replace('t=', 't=1'),
      genuine: false,
    },
    { what: 'no time', secret: first, ...plain, header: plain.header.replace(/t=\d+,/, ''), genuine: false },
    { what: 'no signature', secret: first, ...plain, header: plain.header.split(',')[0]!, genuine: false },
    {
      what: 'an empty signature',
      secret: first,
      ...plain,
      header: `${plain.header.split(',')[0]},v1=`,
      genuine: false,
    },
    { what: 'an empty header', secret: first, ...plain, header: '', genuine: false },
    { what: 'nonsense', secret: first, ...plain, header: 't=now,v1=zz,v1', genuine: false },
    {
      what: 'a body of bytes that are no text',
      ...signedAt(first, 0, Buffer.from([0, 255, 13, 10, 46])),
      genuine: true,
    },
    { what: 'a callback of ten minutes ago', ...signedAt(first, -600, plain.body), genuine: false },
    { what: 'a callback of the future', ...signedAt(first, 600, plain.body), genuine: false },
  ];
}

function signedAt(secret: string, offsetSeconds: number, body: Buffer) {
  const signer = createSigner(
    [secret],
    { webhook_id: 'id', event: 'job.completed' },
    Math.floor(Date.now() / 1000) + offsetSeconds,
  );
  signer.update(body);
  return { secret, header: signer.headers()['x-ollagraph-signature']!, body };
}

async function assertVerdicts(command: string, args: string[], cwd?: string): Promise<void> {
  const input = cases.map(({ secret, header, body }) =>
    JSON.stringify({ secret, header, body: body.toString('base64') }),
  );
  const running = run(command, args, { cwd });
  running.child.stdin!.end(`${input.join('\n')}\n`);
  const verdicts = (await running).stdout.trim().split('\n');
  assert.deepEqual(
    cases.map(({ what }, n) => `${what}: ${verdicts[n]}`),
    cases.map(({ what, genuine }) => `${what}: ${genuine}`),
  );
}

const LANGUAGES = [
  { name: 'Node', skip: false, check: () => assertVerdicts(process.execPath, [join(drivers, 'main.js')]) },
  {
    name: 'Python',
    skip: missing('Python'),
    check: () => assertVerdicts('python3', [join(drivers, 'main.py')]),
  },
  { name: 'Go', skip: missing('Go'), check: checkGo },
  {
    name: 'Ruby',
    skip: missing('Ruby'),
    check: () => assertVerdicts('ruby', [join(drivers, 'main.rb')]),
  },
  {
    name: 'PHP',
    skip: missing('PHP'),
    check: () => assertVerdicts('php', [join(drivers, 'main.php')]),
  },
];

/** The verifier is in a package of its own in the docs; beside its driver it is in the driver's. */
async function checkGo(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'ollagraph-go-'));
  try {
    await cp(join(drivers, 'main.go'), join(directory, 'main.go'));
    const verifier = await readFile(join(snippets, 'verifiers/verify.go'), 'utf8');
    await writeFile(join(directory, 'verify.go'), verifier.replace(/^package hooks/, 'package main'));
    await writeFile(join(directory, 'go.mod'), 'module verify\n');
    await assertVerdicts('go', ['run', '.'], directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

for (const { name, skip, check } of LANGUAGES)
  test(`the verifier in ${name} knows real callbacks from what is not genuine`, { skip }, check);

const EXAMPLES = [
  { name: 'Node', skip: false, command: process.execPath, file: 'queue.js' },
  { name: 'Python', skip: missing('Python'), command: 'python3', file: 'queue.py' },
  { name: 'curl', skip: missing('curl'), command: 'sh', file: 'queue.sh' },
];

for (const { name, skip, command, file } of EXAMPLES)
  test(`the example in ${name} queues a job`, { skip }, async () => {
    const { api, key } = await service.createAccount();
    const env = { ...process.env, OLLAGRAPH_URL: api.origin, OLLAGRAPH_API_KEY: key };
    const { stdout } = await run(command, [join(snippets, 'examples', file)], { env });
    const id = /job_[0-9a-f]{24}/.exec(stdout)?.[0];
    const job = (await api('GET', `/v1/jobs/${id}`)).json;
    assert.equal(job.kind, 'batch');
    assert.equal(job.total, 2);
    assert.equal(job.webhook_url, 'https://yourapp.com/hooks/ollagraph');
    await api('POST', `/v1/jobs/${id}/cancel`);
  });
