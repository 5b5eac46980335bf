import type { Socket } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { coded, ok, redirect, response } from '../../support/net/origin.ts';
import { pour } from '../../support/net/pour.ts';

type Answer = (socket: Socket, path: string, host: string) => void;

/** A hostile site's robots.txt and sitemap, and the codes its first page may end with. */
export interface CrawlAttack {
  robots?: Answer;
  sitemap?: Answer;
  ends: string[];
}

const MIB = 1024 * 1024;
const urlset = (urls: string) =>
  `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${urls}</urlset>`;
const index = (urls: string) =>
  `<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${urls}</sitemapindex>`;

function send(body: string, type = 'application/xml'): Answer {
  const answer = ok(body, `Content-Type: ${type}`);
  return (socket) => socket.write(answer);
}

function sendGzip(text: string | Buffer, type: string): Answer {
  const answer = coded(gzipSync(text), 'gzip', type);
  return (socket) => socket.write(answer);
}

function drip(type: string): Answer {
  return (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n\r\n`);
    pour(socket, () => '#', 50);
  };
}

function flood(type: string, unit: string): Answer {
  return (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n\r\n`);
    pour(socket, () => unit.repeat(1000));
  };
}

const silence: Answer = () => {};
const around: Answer = (socket, path) => socket.write(redirect(`${path}?x`));
const rules = (count: number, rule: string) => `User-agent: *\n${rule.repeat(count)}`;

/** Rules that are slow, endless, or slow to match. A page is fetched only after they were read. */
const ROBOTS_ATTACKS: Record<string, CrawlAttack> = {
  'robots that are silent': { robots: silence, ends: ['timeout'] },
  'robots that drip': { robots: drip('text/plain'), ends: ['timeout'] },
  'robots without end': { robots: flood('text/plain', 'Disallow: /private\n'), ends: ['ok'] },
  'robots as a bomb': { robots: sendGzip(Buffer.alloc(64 * MIB, '#\n'), 'text/plain'), ends: ['ok'] },
  'robots that go around': { robots: around, ends: ['ok'] },
  'robots that are no text': { robots: send('\0\xff'.repeat(100_000), 'text/plain'), ends: ['ok'] },
  'robots whose patterns are slow': {
    robots: send(rules(2000, `Disallow: /${'*a'.repeat(100)}$\n`), 'text/plain'),
    ends: ['ok'],
  },
  'robots that only wait': {
    robots: (socket) => socket.write(response(503, '', 'Retry-After: 315360000')),
    ends: ['robots'],
  },
};

/** Wide characters take twice the memory as text. */
const NEVER_CLOSED = gzipSync(`<urlset><![CDATA[${` €${' '.repeat(30_000)}`.repeat(1_600)}`, { level: 1 });

const LONG_NAMES = gzipSync('<'.concat('A'.repeat(1_000_000), '>').repeat(31));
const BLANKS = gzipSync(Buffer.alloc(32 * MIB, ' '));
const WINDOWS = brotliCompressSync(brotliCompressSync(brotliCompressSync(Buffer.alloc(32 * MIB))));

/** Sitemaps that are slow, endless, or lead everywhere. */
const SITEMAP_ATTACKS: Record<string, CrawlAttack> = {
  'a sitemap that drips': { sitemap: drip('application/xml'), ends: ['ok'] },
  'a sitemap without end': {
    sitemap: flood('application/xml', '<url><loc>http://example.test/</loc></url>'),
    ends: ['ok'],
  },
  'a sitemap as a bomb': { sitemap: sendGzip(Buffer.alloc(128 * MIB, ' '), 'application/xml'), ends: ['ok'] },
  // The file is compressed, not the answer: it is small on the wire and as a body.
  'a sitemap that is never closed': {
    sitemap: (socket) => {
      const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/gzip\r\nConnection: close\r\n\r\n';
      socket.end(Buffer.concat([Buffer.from(head), NEVER_CLOSED]));
    },
    ends: ['ok'],
  },
  'a sitemap in single bytes': {
    sitemap: (socket) => {
      const head = 'HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n';
      const chunks = [...BLANKS].map((byte) => Buffer.from([0x31, 13, 10, byte, 13, 10]));
      socket.write(Buffer.concat([Buffer.from(head), ...chunks, Buffer.from('0\r\n\r\n')]));
    },
    ends: ['ok'],
  },
  'a sitemap of long names': {
    sitemap: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n');
      socket.write(LONG_NAMES);
    },
    ends: ['ok'],
  },
  'a sitemap that holds large windows': {
    sitemap: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Encoding: br, br, br\r\n\r\n');
      socket.write(WINDOWS);
    },
    ends: ['ok'],
  },
  'a sitemap of entities': {
    sitemap: send(
      `<!DOCTYPE u [${'<!ENTITY a "&a;&a;">'.repeat(1000)}]>${urlset('<url><loc>&a;</loc></url>')}`,
    ),
    ends: ['ok'],
  },
  'a sitemap that is deep': { sitemap: send('<urlset>'.repeat(200_000)), ends: ['ok'] },
  'a sitemap of one address': {
    sitemap: send(urlset(`<url><loc>http://example.test/${'a'.repeat(5 * MIB)}</loc></url>`)),
    ends: ['ok'],
  },
  'an index of itself': {
    sitemap: (socket, path, host) =>
      socket.write(ok(index(`<sitemap><loc>http://${host}${path}</loc></sitemap>`))),
    ends: ['ok'],
  },
  'indexes without end': {
    sitemap: (socket, path, host) => {
      const next = Array.from(
        { length: 500 },
        (_, n) => `<sitemap><loc>http://${host}/sitemap.xml${path.slice(12)}?${n}</loc></sitemap>`,
      );
      socket.write(ok(index(next.join(''))));
    },
    ends: ['ok'],
  },
};

export const CRAWL_ATTACKS: Record<string, CrawlAttack> = { ...ROBOTS_ATTACKS, ...SITEMAP_ATTACKS };

/** Answers as the site of one attack. */
export function answerAsSite(
  { robots, sitemap }: CrawlAttack,
  socket: Socket,
  path: string,
  host: string,
): void {
  if (path.startsWith('/robots.txt')) (robots ?? send('', 'text/plain'))(socket, path, host);
  else if (path.startsWith('/sitemap.xml')) (sitemap ?? send(urlset('')))(socket, path, host);
  else send('<!doctype html><title>t</title><main><p>A page.</p></main>', 'text/html')(socket, path, host);
}
