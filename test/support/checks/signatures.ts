import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';
import type { Callback } from '../receiver.ts';

/**
 * Verifies X-Ollagraph-Signature with Stripe's library, whose scheme it shares. Throws when it is
 * wrong.
 */
export function verifyWithStripe({ headers, body }: Callback, secret: string): void {
  Stripe.webhooks.constructEvent(body, String(headers['x-ollagraph-signature']), secret);
}

/**
 * Verifies the webhook-… headers with the reference library of Standard Webhooks. Throws when they
 * are wrong.
 */
export function verifyWithStandardWebhooks({ headers, body }: Callback, secret: string): void {
  const signed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
  new Webhook(secret).verify(body, signed);
}

/** Asserts that both libraries accept the callback with this secret. */
export function assertSigned(callback: Callback, secret: string): void {
  verifyWithStripe(callback, secret);
  verifyWithStandardWebhooks(callback, secret);
}

/** Asserts that both libraries refuse it. */
export function assertNotSigned(callback: Callback, secret: string): void {
  assert.throws(() => verifyWithStripe(callback, secret), /signature/i);
  assert.throws(() => verifyWithStandardWebhooks(callback, secret), /signature/i);
}

/**
 * Whether a receiver accepts the callback that splits the header naively and so keeps the last of
 * two v1.
 */
export function isSignedForTheLastOne({ headers, body }: Callback, secret: string): boolean {
  const parts = Object.fromEntries(
    String(headers['x-ollagraph-signature'])
      .split(',')
      .map((part) => part.split('=')),
  );
  return createHmac('sha256', secret).update(`${parts.t}.`).update(body).digest('hex') === parts.v1;
}
