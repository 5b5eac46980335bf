// An HTTPS receiver in a process of its own, told to the benchmark callback by callback. Forked by
// startReceiver.
import { fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority, type Certificate } from '../../support/net/certificates.ts';
import { listen } from '../../support/net/listen.ts';

/** What came in one POST. */
export interface Callback {
  job_id: string;
  status: string;
  /** When its first bytes had come, milliseconds since 1970 with fractions. */
  at: number;
  bytes: number;
  /** Page blocks by status, where the result is a batch's. */
  pages: Record<string, number>;
  /** As the body says. */
  total: number | null;
  /** Of a result by link: where the pages are. */
  link: string | null;
}

export interface Receiver extends AsyncDisposable {
  url: string;
  /** PEM file for NODE_EXTRA_CA_CERTS. */
  caFile: string;
  /** The next callback for this job, or the one that has come. */
  callbackOf(jobId: string): Promise<Callback>;
  /** Callbacks so far. */
  count: number;
}

if (process.send && process.argv[2] === 'receive') receive();

export async function startReceiver(): Promise<Receiver> {
  await using stack = new AsyncDisposableStack();
  const authority = await createAuthority();
  const directory = await mkdtemp(join(tmpdir(), 'ollagraph-ca-'));
  stack.defer(() => rm(directory, { recursive: true }));
  const caFile = join(directory, 'ca.pem');
  await writeFile(caFile, authority.ca);
  const child = fork(import.meta.filename, ['receive']);
  stack.defer(() => void child.kill());
  child.send(await authority.issue(['127.0.0.1']));
  const [port] = await once(child, 'message');

  const arrivals = new EventEmitter().setMaxListeners(0);
  const known = new Map<string, Callback>();
  const owned = stack.move();
  const receiver: Receiver = {
    url: `https://127.0.0.1:${port}/hook`,
    caFile,
    count: 0,
    async callbackOf(jobId) {
      return known.get(jobId) ?? (await once(arrivals, jobId))[0];
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
  child.on('message', (callback: Callback) => {
    receiver.count++;
    known.set(callback.job_id, callback);
    arrivals.emit(callback.job_id, callback);
  });
  return receiver;
}

interface Body {
  job_id: string;
  status: string;
  result: { pages?: { status: string }[]; total?: number; url?: string };
}

function receive(): void {
  process.once('message', (certificate: Certificate) => {
    const server = createServer(certificate, (request, response) => {
      const at = performance.timeOrigin + performance.now();
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.end('ok');
        process.send!(summary(Buffer.concat(chunks), at));
      });
    });
    void listen(server).then((port) => process.send!(port));
  });
}

function summary(body: Buffer, at: number): Callback {
  const { job_id, status, result }: Body = JSON.parse(body.toString());
  const pages: Record<string, number> = {};
  for (const page of result.pages ?? []) pages[page.status] = (pages[page.status] ?? 0) + 1;
  return {
    job_id,
    status,
    at,
    bytes: body.length,
    pages,
    total: result.total ?? null,
    link: result.url ?? null,
  };
}
