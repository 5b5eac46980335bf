import type { RobotsAnswer } from '../crawl/robots-cache.ts';
import { EgressError, type Egress } from '../egress/index.ts';
import { retryAfter, USER_AGENT } from './politeness.ts';

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 2 * 1024 * 1024;

/**
 * Fetches a robots.txt, of one that is very long the beginning. One that goes around in redirects counts as missing (RFC 9309, 2.3.1.2).
 * Rejects with an EgressError when there was no answer.
 */
export async function fetchRobots(egress: Egress, url: string): Promise<RobotsAnswer> {
  try {
    const answer = await egress.fetchPage({
      url,
      userAgent: USER_AGENT,
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
      beginning: true,
    });
    return { status: answer.status, body: answer.body, retryAfterSeconds: retryAfter(answer) };
  } catch (error) {
    if (error instanceof EgressError && error.code === 'too_many_redirects')
      return { status: 404, body: Buffer.alloc(0) };
    throw error;
  }
}
