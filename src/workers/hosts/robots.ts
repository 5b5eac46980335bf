import { ROBOTS_MAX_BYTES } from '../../crawl/robots.ts';
import type { RobotsAnswer } from '../../crawl/robots-cache.ts';
import { BodyCollector, EgressError, type FetchedPage, type PageRequest } from '../../egress/index.ts';
import { retryAfterSeconds, USER_AGENT } from './answer.ts';

const TIMEOUT_MS = 10_000;

/**
 * Fetches a robots.txt, only the beginning of a very long one. A redirect loop counts as a missing
 * file (RFC 9309, 2.3.1.2). Throws EgressError when there was no answer.
 */
export async function fetchRobots(
  fetchPage: (request: PageRequest) => Promise<FetchedPage>,
  url: string,
  options: Pick<PageRequest, 'payer' | 'skipTlsVerification'> = {},
): Promise<RobotsAnswer> {
  // One byte more than counts, which shows that a line is cut.
  const collected = new BodyCollector({ maxBytes: ROBOTS_MAX_BYTES + 1 });
  const read = async (body: AsyncIterable<Buffer>) => await collectBeginning(body, collected);
  try {
    const answer = await fetchPage({
      url,
      userAgent: USER_AGENT,
      timeoutMs: TIMEOUT_MS,
      read,
      ...options,
    });
    return { status: answer.status, body: collected.bytes(), retryAfterSeconds: retryAfterSeconds(answer) };
  } catch (error) {
    if (error instanceof EgressError && error.code === 'too_many_redirects')
      return { status: 404, body: Buffer.alloc(0) };
    throw error;
  }
}

/** A body that fails further on does not matter: its beginning counts. */
async function collectBeginning(body: AsyncIterable<Buffer>, collected: BodyCollector): Promise<void> {
  try {
    for await (const chunk of body) if (!collected.append(chunk)) return;
  } catch (error) {
    if (collected.length === 0) throw error;
  }
}
