import { createHash, createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Certificate } from '../../support/net/certificates.ts';
import { startReceiver, type Callback } from '../../support/receiver.ts';
import type { Ledger } from '../checks/ledger.ts';

/** A receiver that writes down every request before it answers it. */
export interface RecordingReceiver extends AsyncDisposable {
  port: number;
  /** Secrets that the client was given. */
  secrets: Set<string>;
  /**
   * Whether requests to /fail are refused with a 500. Others are answered 200, after `?ms=`
   * milliseconds.
   */
  failing: boolean;
}

export async function startRecordingReceiver(
  certificate: Certificate,
  ledger: Ledger,
): Promise<RecordingReceiver> {
  const receiver = await startReceiver({ certificate });
  receiver.answer = (callback, res) => void answer(callback, res);

  async function answer({ path, headers, body }: Callback, res: ServerResponse): Promise<void> {
    // The ledger keeps the callbacks.
    receiver.callbacks.length = 0;
    const { pathname, searchParams } = new URL(path, receiver.origin);
    const signature = String(headers['x-ollagraph-signature']);
    const verified = [...recording.secrets].some((secret) => verify(secret, signature, body));
    const status = pathname === '/fail' && recording.failing ? 500 : 200;
    ledger.append({
      type: 'seen',
      delivery: String(headers['x-ollagraph-delivery']),
      attempt: Number(headers['x-ollagraph-attempt']),
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

  const recording: RecordingReceiver = {
    port: Number(new URL(receiver.origin).port),
    secrets: new Set(),
    failing: false,
    [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
  };
  return recording;
}

/** Verifies as the documentation describes, independently of src: any `v1` over `<t>.<body>`. */
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
