import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Request, Response } from 'express';
import { parseHeaders } from '../../../src/cli/client/listen/captured.ts';
import { diagnose } from '../../../src/cli/client/listen/diagnose.ts';
import { oneLine } from '../../../src/cli/terminal.ts';
import { readCookie } from '../../../src/console/session/cookies.ts';
import { dedupeKey, normaliseUrl } from '../../../src/crawl/normalise.ts';
import { compilePattern } from '../../../src/crawl/patterns.ts';
import { bySpecificity, compileRule, isAllowed } from '../../../src/crawl/robots-rules.ts';
import { createScope } from '../../../src/crawl/scope.ts';
import { AddressPolicy, CidrList } from '../../../src/egress/connect/address.ts';
import { knownAddresses, parseUrl, targetOf, urlRefusal } from '../../../src/egress/connect/url-policy.ts';
import { parseRetryAfter } from '../../../src/egress/retry-after.ts';
import { AttemptLimit } from '../../../src/http/access/attempt-limit.ts';
import { requireKey } from '../../../src/http/access/auth.ts';
import { escapeHtml, safeHref } from '../../../src/http/html/html.ts';
import { verbatimText } from '../../../src/http/body/parse.ts';
import { JsonScanner } from '../../../src/http/body/scan.ts';
import { decodeCursor } from '../../../src/http/pagination.ts';
import { parseValue } from '../../../src/http/route/validate.ts';
import { crawlSchema } from '../../../src/jobs/http/schemas/requests.ts';
import { loggableUrl } from '../../../src/log.ts';
import { isValidSelector } from '../../../src/scrape/selectors.ts';
import { parseContentType } from '../../../src/scrape/decode/content-type.ts';
import { startRequestSpan } from '../../../src/tracing.ts';

/** Texts that make backtracking expressions and careless loops quadratic, or worse. */
const HOSTILE: Record<string, (length: number) => string> = {
  blanks: (n) => `a${' '.repeat(n)}b`,
  tabs: (n) => `a:x${'\t'.repeat(n)}b`,
  dots: (n) => `a${'.'.repeat(n)}b`,
  slashes: (n) => `${'/'.repeat(n)}b`,
  backslashes: (n) => `${'\\'.repeat(n)}b`,
  letters: (n) => 'a'.repeat(n),
  digits: (n) => '1'.repeat(n),
  hyphens: (n) => `a${'-'.repeat(n)}!`,
  percents: (n) => '%'.repeat(n),
  escapes: (n) => '%41'.repeat(n / 3),
  semicolons: (n) => '; '.repeat(n / 2),
  commas: (n) => ', '.repeat(n / 2),
  pairs: (n) => 'a=b;'.repeat(n / 4),
  parameters: (n) => '&a=b'.repeat(n / 4),
  stars: (n) => `${'*a'.repeat(n / 2)}$`,
  brackets: (n) => '['.repeat(n),
  parentheses: (n) => ':not('.repeat(n / 5),
  quotes: (n) => `"'`.repeat(n / 2),
  angles: (n) => '<!--'.repeat(n / 4),
  lines: (n) => '\r\n'.repeat(n / 2),
  entities: (n) => '&amp'.repeat(n / 4),
  unicode: (n) => 'é'.repeat(n),
};

const open = new AddressPolicy(new CidrList([]));
const request = (headers: object) => ({ headers }) as Request;
const scope = createScope({ seed: 'https://a.test/', allow_subdomains: true, include_paths: ['*a?b*c'] });
const rules = ['/*a', '/*b*a$', '/*aaaaaaab']
  .map((value) => compileRule(false, value))
  .toSorted(bySpecificity);

/**
 * What reads a stranger’s text, apart from the parsers of whole pages, with the longest text that
 * it gets.
 */
const READERS: Record<string, { length: number; read: (text: string) => unknown }> = {
  'a bearer key': {
    length: 16_384,
    read: (text) =>
      requireKey(async () => null, new AttemptLimit(Infinity))(
        request({ authorization: `Bearer ${text}` }),
        {} as Response,
        () => {},
      ),
  },
  'a cookie': { length: 16_384, read: (text) => readCookie(request({ cookie: text }), 'ollagraph_session') },
  'a traceparent': { length: 16_384, read: (text) => startRequestSpan('GET', text, {}) },
  'a cursor': {
    length: 200,
    read: (text) => decodeCursor(Buffer.from(text).toString('base64url'), /^job_[0-9a-f]{24}$/),
  },
  'a host': { length: 8192, read: (text) => readUrl(`https://${text}.test/`) },
  'a path': { length: 8192, read: (text) => readUrl(`https://a.test/${text}`) },
  'a query': { length: 8192, read: (text) => readUrl(`https://a.test/?${text}`) },
  'a URL': { length: 8192, read: readUrl },
  'a selector': { length: 500, read: isValidSelector },
  'a pattern': { length: 500, read: (text) => compilePattern(text)(`/${text}`) },
  'fields of a request': {
    length: 100_000,
    read: (text) =>
      parseValue(
        {
          url: text,
          headers: { [text]: text },
          user_agent: text,
          webhook_url: text,
          metadata: text,
          [text]: 1,
        },
        crawlSchema,
      ),
  },
  metadata: { length: 16_000, read: readMetadata },
  'a path beside robots rules': { length: 8192, read: (text) => isAllowed(rules, `/${text}`) },
  'a rule of robots.txt': { length: 2048, read: (text) => isAllowed([compileRule(false, text)], `/${text}`) },
  'a Retry-After': { length: 16_384, read: (text) => parseRetryAfter(`Mon, ${text}`) },
  'a Content-Type': { length: 16_384, read: (text) => parseContentType(`text/html${text}`) },
  'a page, escaped': { length: 200_000, read: escapeHtml },
  'a text for the terminal': { length: 200_000, read: oneLine },
  'a captured header': { length: 16_384, read: (text) => parseHeaders(`x: a${text}b\n${text}: c`) },
  'a captured callback': {
    length: 16_384,
    read: (text) =>
      diagnose(
        { headers: new Map([['x-ollagraph-signature', `t=1,v1=${text}`]]), body: Buffer.from(text) },
        { secret: text, at: new Date(), toleranceSeconds: 300 },
      ),
  },
};

function readMetadata(text: string): void {
  const body = Buffer.from(`{"metadata":${text}}`);
  const scanner = new JsonScanner({ maxTokens: 10_000, verbatim: { metadata: 100_000 } });
  scanner.write(body);
  verbatimText(body, scanner, 'metadata');
}

function readUrl(text: string): void {
  safeHref(text);
  loggableUrl(text);
  const url = parseUrl(text);
  if (url) {
    urlRefusal(url, ['https:'], open);
    knownAddresses(targetOf(url).hostname, open);
  }
  const normalised = normaliseUrl(text, undefined);
  if (normalised !== null) dedupeKey(normalised);
  scope.inScope(text, 1);
}

const PARTS = 16;
/** Below this many milliseconds a figure is mostly noise, and harmless. */
const NEGLIGIBLE_MS = 5;
/**
 * Whole texts against their parts: 1 where time grows with length, 16 where it grows with the
 * square.
 */
const MAX_RATIO = 5;

test('the time that a hostile text takes grows with its length alone', async (t) => {
  for (const [name, { length, read: reader }] of Object.entries(READERS)) {
    await t.test(name, async () => {
      for (const [kind, make] of Object.entries(HOSTILE)) {
        const whole = await cost(reader, make(length), 1);
        if (whole < NEGLIGIBLE_MS) continue;
        const parts = await cost(reader, make(Math.floor(length / PARTS)), PARTS);
        assert.ok(
          whole < MAX_RATIO * Math.max(parts, NEGLIGIBLE_MS / 2),
          `${kind}: ${whole.toFixed(1)} ms at once, ${parts.toFixed(1)} ms in ${PARTS} parts`,
        );
      }
    });
  }
});

/** Milliseconds of CPU that reading the text `times` takes: the fastest of several runs. */
async function cost(reader: (text: string) => unknown, text: string, times: number): Promise<number> {
  let best = Infinity;
  for (let run = 0; run < 5; run++) {
    const start = process.threadCpuUsage();
    for (let n = 0; n < times; n++) await readOnce(reader, text);
    const { user, system } = process.threadCpuUsage(start);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

async function readOnce(reader: (text: string) => unknown, text: string): Promise<void> {
  try {
    await reader(text);
  } catch {
    // Refusing a text is as good as reading it.
  }
}
