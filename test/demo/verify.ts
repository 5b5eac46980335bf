import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { Callback } from '../support/receiver.ts';

/** A callback with a valid signature. */
export interface Verified {
  timestamp: number;
  sha256: string;
}

/**
 * Checks a callback as a receiver must, over the raw bytes, and its Standard Webhooks headers with
 * a library that others wrote. Throws an error that says what is wrong with it.
 */
export function verify({ headers, body, at }: Callback, secret: string): Verified {
  const header = String(headers['x-ollagraph-signature'] ?? '');
  const timestamp = /^t=(\d+),/.exec(header)?.[1];
  if (timestamp === undefined) throw new Error('A callback came without a signature.');
  if (Math.abs(at / 1000 - Number(timestamp)) > 300)
    throw new Error('A callback is older than five minutes.');
  const expected = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest();
  const given = [...header.matchAll(/,v1=([0-9a-f]{64})/g)].map(([, hex]) => Buffer.from(hex!, 'hex'));
  if (!given.some((signature) => timingSafeEqual(signature, expected)))
    throw new Error('The signature of a callback does not match its body.');
  new Webhook(secret).verify(
    body.toString(),
    Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, String(v)])),
  );
  return { timestamp: Number(timestamp), sha256: createHash('sha256').update(body).digest('hex') };
}
