import { createHmac, timingSafeEqual } from 'node:crypto';

// header: X-Ollagraph-Signature. body: the raw bytes as they arrived,
// not JSON that was parsed and written again.
export function verify(secret, header, body, toleranceSeconds = 300) {
  const pairs = header.split(',').map((part) => part.trim().split('='));
  const timestamp = pairs.find(([name]) => name === 't')?.[1] ?? '';
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  if (!/^\d{1,12}$/.test(timestamp) || age > toleranceSeconds) return false;
  const expected = createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest();
  return pairs.some(([name, value = '']) => {
    const given = Buffer.from(value, 'hex');
    return name === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
  });
}
