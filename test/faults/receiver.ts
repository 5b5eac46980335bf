import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificate } from '../support/certificates.ts';
import { listen } from '../support/listen.ts';
import type { Ledger } from './ledger.ts';

/** A receiver that writes down every request before it answers it. */
export interface RecordingReceiver extends AsyncDisposable {
  port: number;
  /** Secrets that the client was told. */
  secrets: Set<string>;
  /** Whether requests to /fail are refused with a 500. Others are answered 200, after `?ms=` milliseconds. */
  failing: boolean;
}

export async function startRecordingReceiver(
  certificate: Certificate,
  ledger: Ledger,
): Promise<RecordingReceiver> {
  const server = createServer(certificate);
  server.on('tlsClientError', () => {}); // cut off during the handshake: no request came
  server.on('request', (req, res) => void take(req, res));

  async function take(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const body = await readBody(req);
    if (body === null) return;
    const { pathname, searchParams } = new URL(req.url ?? '/', 'https://receiver');
    const signature = String(req.headers['x-ollagraph-signature']);
    const verified = [...receiver.secrets].some((secret) => verify(secret, signature, body));
    const status = pathname === '/fail' && receiver.failing ? 500 : 200;
    ledger.append({
      type: 'seen',
      delivery: String(req.headers['x-ollagraph-delivery']),
      attempt: Number(req.headers['x-ollagraph-attempt']),
      sha256: createHash('sha256').update(body).digest('hex'),
      verified,
      body: verified ? null : body.toString('base64'),
      signature,
      status,
      at: Date.now(),
    });
    await sleep(Number(searchParams.get('ms') ?? 0));
    res.writeHead(status).end();
  }

  const receiver: RecordingReceiver = {
    port: await listen(server),
    secrets: new Set(),
    failing: false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
  return receiver;
}

/** Null where the sender was cut off before the end. */
async function readBody(req: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of req) chunks.push(chunk as Buffer);
  } catch {
    return null;
  }
  return Buffer.concat(chunks);
}

/** As the documentation tells receivers to do it, in this test's own words: any `v1` over `<t>.<body>`. */
export function verify(secret: string, header: string, body: Buffer): boolean {
  const parts = header.split(',').map((part) => part.split('=', 2));
  const timestamp = parts.find(([name]) => name === 't')?.[1] ?? '';
  const expected = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex');
  return parts.some(([name, value]) => name === 'v1' && value === expected);
}

/** The signature's timestamp in seconds since 1970. */
export function timestampOf(header: string): number {
  return Number(/^t=(\d+),/.exec(header)?.[1] ?? NaN);
}
