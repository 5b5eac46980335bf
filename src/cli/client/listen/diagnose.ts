import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Captured } from './captured.ts';

/** Why a step fails, for programs. */
type Reason = 'missing' | 'malformed' | 'out_of_tolerance' | 'wrong_secret' | 'body_altered' | 'disagrees';

/** One thing that a receiver checks. */
export interface Step {
  step: 'header' | 'timestamp' | 'signature' | 'standard_webhooks';
  ok: boolean;
  reason?: Reason;
  detail: string;
}

export interface Expectation {
  secret: string;
  /** When the request is looked at. */
  at: Date;
  /** Seconds by which its timestamp may be off, either way. */
  toleranceSeconds: number;
}

const HEADER = 'X-Ollagraph-Signature';

/**
 * Checks a captured callback step by step, as a receiver does, and says what is wrong with it.
 * Steps after a malformed header are left out. The callback is verified when every step is ok.
 */
export function diagnose(captured: Captured, expected: Expectation): Step[] {
  const header = readHeader(captured.headers.get(HEADER.toLowerCase()));
  if (!('signatures' in header)) return [header];
  const found = `${HEADER} has a timestamp and ${header.signatures.length} signature(s).`;
  const signature = checkSignature(captured, header, expected.secret);
  return [
    { step: 'header', ok: true, detail: found },
    checkTimestamp(header.timestamp, expected),
    signature,
    ...(signature.ok ? checkStandardWebhooks(captured, expected.secret) : []),
  ];
}

const fails = (step: Step['step'], reason: Reason, detail: string): Step => ({
  step,
  ok: false,
  reason,
  detail,
});

interface Signed {
  timestamp: string;
  /** Hex, in the order of the header. */
  signatures: string[];
}

function readHeader(value: string | undefined): Signed | Step {
  if (value === undefined)
    return fails(
      'header',
      'missing',
      `There is no ${HEADER} among the headers: a proxy dropped it, or this is not a callback of ours.`,
    );
  const fields = value.split(',').map((field) => field.trim().split('='));
  const of = (name: string) => fields.filter(([key]) => key === name).map(([, text = '']) => text);
  const [timestamp] = of('t');
  const signatures = of('v1');
  if (timestamp === undefined || !/^\d{1,12}$/.test(timestamp))
    return fails('header', 'malformed', `${HEADER} has no t=<seconds>: it reads "${value}".`);
  if (signatures.length === 0 || !signatures.every((hex) => /^[0-9a-f]{64}$/.test(hex)))
    return fails(
      'header',
      'malformed',
      `${HEADER} has no v1=<64 lower-case hex digits>: it was cut, or changed.`,
    );
  return { timestamp, signatures };
}

function checkTimestamp(timestamp: string, { at, toleranceSeconds }: Expectation): Step {
  const age = Math.round(at.getTime() / 1000 - Number(timestamp));
  const signedAt = new Date(Number(timestamp) * 1000).toISOString();
  if (Math.abs(age) <= toleranceSeconds)
    return { step: 'timestamp', ok: true, detail: `Signed ${age} s before, at ${signedAt}.` };
  const detail =
    age > 0
      ? `Signed ${age} s before, at ${signedAt}: older than ${toleranceSeconds} s. An old capture ` +
        '(give --at), a replay, or this clock is fast.'
      : `Signed ${-age} s ahead, at ${signedAt}: this clock is slow.`;
  return fails('timestamp', 'out_of_tolerance', detail);
}

function checkSignature({ headers, body }: Captured, signed: Signed, secret: string): Step {
  const fits = (key: string, bytes: Buffer) =>
    signed.signatures.some((hex) => hexHmac(key, signed.timestamp, bytes, hex));
  if (fits(secret, body))
    return { step: 'signature', ok: true, detail: `It is the HMAC of these ${body.length} bytes.` };

  for (const [change, bytes] of restorations(body))
    if (fits(secret, bytes))
      return fails(
        'signature',
        'body_altered',
        `The secret is right, but the body was altered: ${change}. Verify the raw bytes.`,
      );
  for (const [change, key] of otherKeys(secret))
    if (fits(key, body))
      return fails(
        'signature',
        'wrong_secret',
        `The body is intact, but the secret is used wrongly: ${change}.`,
      );

  const length = Number(headers.get('content-length') ?? NaN);
  if (!Number.isNaN(length) && length !== body.length)
    return fails(
      'signature',
      'body_altered',
      `The body was altered: Content-Length says ${length} bytes, and here are ${body.length}.`,
    );
  const why = Number.isNaN(length) ? '; there is no Content-Length that could rule out an altered body' : '';
  return fails(
    'signature',
    'wrong_secret',
    `No signature fits: most likely this is not the secret that signed it (rotated?)${why}.`,
  );
}

function hexHmac(secret: string, timestamp: string, body: Buffer, hex: string): boolean {
  const digest = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest();
  return timingSafeEqual(digest, Buffer.from(hex, 'hex'));
}

/** Undoes what frameworks and editors do to a body. */
function* restorations(body: Buffer): Generator<[string, Buffer]> {
  const text = body.toString('utf8');
  const trimmed = text.trim();
  if (trimmed !== text)
    yield ['a line break, white space or a byte order mark was added', Buffer.from(trimmed)];
  const json = parseJson(trimmed);
  if (json === undefined) return;
  yield ['it was parsed and serialised again as JSON', Buffer.from(JSON.stringify(json))];
  if (typeof json === 'string') yield ['it was put into a JSON string', Buffer.from(json)];
}

function* otherKeys(secret: string): Generator<[string, string]> {
  if (secret.trim() !== secret) yield ['white space is around it', secret.trim()];
  const unquoted = secret.trim().replace(/^(["'])(.*)\1$/, '$2');
  if (unquoted !== secret.trim()) yield ['quotation marks are around it', unquoted];
  if (!secret.startsWith('whsec_')) yield ['its beginning, whsec_, is missing', `whsec_${secret.trim()}`];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Checks the headers of Standard Webhooks where they arrived: a proxy may drop them. */
function checkStandardWebhooks({ headers, body }: Captured, secret: string): Step[] {
  const [id, timestamp, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) =>
    headers.get(name),
  );
  if (id === undefined || timestamp === undefined || signature === undefined) return [];
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
  const ok = signature.split(' ').includes(`v1,${expected}`);
  if (ok) return [{ step: 'standard_webhooks', ok, detail: 'The Standard Webhooks headers verify too.' }];
  const detail = 'The Standard Webhooks headers do not verify.';
  return [fails('standard_webhooks', 'disagrees', detail)];
}
