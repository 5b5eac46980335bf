import type { Socket } from 'node:net';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { coded, ok, redirect } from '../../support/net/origin.ts';
import { pour } from '../../support/net/pour.ts';

/**
 * What a hostile server answers, and the error codes that may result; `ok` when it is only heavy.
 */
export interface Attack {
  answer: (socket: Socket, path: string) => void;
  ends: string[];
}

const MIB = 1024 * 1024;

const zeros = Buffer.alloc(64 * MIB);
const bombs: Record<string, () => Buffer> = {
  gzip: () => gzipSync(zeros),
  br: () => brotliCompressSync(zeros),
  zstd: () => zstdCompressSync(zeros),
  'gzip, br': () => brotliCompressSync(gzipSync(zeros)),
  'gzip, br, zstd': () => zstdCompressSync(brotliCompressSync(gzipSync(zeros))),
};

function bomb(coding: string): Attack {
  const answer = coded(bombs[coding]!(), coding, 'text/html');
  return { answer: (socket) => socket.write(answer), ends: ['too_large'] };
}

/** Endless and invalid answers, from sites and receivers alike. */
const WIRE_ATTACKS: Record<string, Attack> = {
  silence: { answer: () => {}, ends: ['timeout'] },
  'a head that drips': {
    answer: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nX: ');
      pour(socket, () => 'a', 20);
    },
    ends: ['timeout'],
  },
  'a head without end': {
    answer: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      pour(socket, () => `X: ${'a'.repeat(1000)}\r\n`);
    },
    ends: ['invalid_response'],
  },
  'endless 103s': {
    answer: (socket) => pour(socket, () => 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(50)),
    ends: ['invalid_response'],
  },
  'dripping 102s': {
    answer: (socket) => pour(socket, () => 'HTTP/1.1 102 Processing\r\n\r\n', 300),
    ends: ['timeout'],
  },
  garbage: { answer: (socket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n'), ends: ['invalid_response'] },
  'two lengths': {
    answer: (socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'),
    ends: ['invalid_response'],
  },
  'a status of 999': {
    answer: (socket) => socket.end('HTTP/1.1 999 Ha\r\n\r\n'),
    ends: ['ok'],
  },
  'a hang-up': { answer: (socket) => socket.destroy(), ends: ['connection_failed'] },
  'an upgrade': {
    answer: (socket) =>
      socket.write('HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
    ends: ['invalid_response'],
  },
};

/** Endless bodies, from sites only: of a receiver's answer only the beginning is read. */
const BODY_ATTACKS: Record<string, Attack> = {
  'a body that drips': {
    answer: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n');
      pour(socket, () => 'a', 20);
    },
    ends: ['timeout'],
  },
  'a body without end': {
    answer: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n');
      pour(socket, () => 'x'.repeat(65_536));
    },
    ends: ['too_large'],
  },
  'a flood of chunk extensions': {
    answer: (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n1;');
      pour(socket, () => 'x'.repeat(65_536));
    },
    ends: ['too_large'],
  },
  'chunks that are none': {
    answer: (socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'),
    ends: ['invalid_response'],
  },
  'a redirect loop': { answer: (socket, path) => socket.write(redirect(path)), ends: ['too_many_redirects'] },
  'redirects without end': {
    answer: (socket, path) => socket.write(redirect(`${path}${path.includes('?') ? 'x' : '?'}`)),
    ends: ['too_many_redirects'],
  },
  ...Object.fromEntries(Object.keys(bombs).map((coding) => [`a bomb in ${coding}`, bomb(coding)])),
};

/** Receivers' answers. The status decides, whatever the body does. */
export const RECEIVER_ATTACKS: Record<string, Attack> = {
  ...WIRE_ATTACKS,
  'a status of 999': { ...WIRE_ATTACKS['a status of 999']!, ends: ['http_error'] },
  'a body that drips': { ...BODY_ATTACKS['a body that drips']!, ends: ['ok'] },
  'a body without end': { ...BODY_ATTACKS['a body without end']!, ends: ['ok'] },
  'a flood of chunk extensions': { ...BODY_ATTACKS['a flood of chunk extensions']!, ends: ['ok'] },
  'a bomb in gzip': { ...BODY_ATTACKS['a bomb in gzip']!, ends: ['ok'] },
  'a redirect loop': { ...BODY_ATTACKS['a redirect loop']!, ends: ['redirect'] },
  'Retry-After of ten years': {
    answer: (socket) => socket.write(ok('', 'Retry-After: 315360000').replace('200', '503')),
    ends: ['http_error'],
  },
};

/** Sites' attacks on the wire. */
export const PAGE_ATTACKS = { ...WIRE_ATTACKS, ...BODY_ATTACKS };

const html = (body: string): Attack => {
  const answer = Buffer.from(ok(body, 'Content-Type: text/html; charset=utf-8'));
  return { answer: (socket) => socket.write(answer), ends: ['ok'] };
};
const document = (body: string, head = '') =>
  html(`<!doctype html><html><head><title>t</title>${head}</head><body><main>${body}</main></body></html>`);

/** Documents known to slow down parsers, selectors, regular expressions or Markdown writers. */
export const DOCUMENT_ATTACKS: Record<string, Attack> = {
  '50,000 nested elements': document(`${'<div>'.repeat(50_000)}deep${'</div>'.repeat(50_000)}`),
  '20,000 nested quotes': document(`${'<blockquote>'.repeat(20_000)}deep`),
  '20,000 nested lists': document(`${'<ul><li>'.repeat(20_000)}deep`),
  'formats that are never closed': document('<b><i><a href=x>y'.repeat(5_000)),
  'an attribute of 5 MB': document(`<p class="${'a '.repeat(2_500_000)}" title="x">text</p>`),
  '20,000 attributes': document(
    `<p ${Array.from({ length: 20_000 }, (_, n) => `a${n}=b`).join(' ')}>text</p>`,
  ),
  'a table of a million columns': document(
    '<table><tr><td colspan=1000000 rowspan=1000000>x</td></tr></table>',
  ),
  'spaces without end': document(`<p>a${' '.repeat(1_000_000)}b</p>`),
  'Markdown without end': document(`<p>${'*_`[]('.repeat(40_000)}</p>`),
  'a word without end': document(`<p>${'a@'.repeat(200_000)}</p>`),
  'comments that are never closed': document('<!--'.repeat(100_000)),
  'entities in entities': html(`<!DOCTYPE html [${'<!ENTITY a "&b;&b;&b;">'.repeat(5_000)}]><p>&a;`),
  'JSON-LD that is deep': document(
    'text',
    `<script type="application/ld+json">${'{"a":['.repeat(50_000)}</script>`,
  ),
};

const LARGE_BYTES = 9.5 * MIB;
const filled = (unit: string): string => unit.repeat(LARGE_BYTES / unit.length);
const zipped = (body: string, ends: string[]): Attack => {
  const page = gzipSync(`<!doctype html><title>t</title><main>${body}</main>`);
  const answer = coded(page, 'gzip', 'text/html; charset=utf-8');
  return { answer: (socket) => socket.write(answer), ends };
};

/** More elements than a reader's heap holds. */
const BURST = ['too_large', 'parse_timeout'];

/** Pages of the maximum size that are small on the wire. */
export const LARGE_ATTACKS: Record<string, Attack> = {
  'nine megabytes of words': zipped(filled('words of a page that goes on. '), ['ok']),
  'nine megabytes of paragraphs': zipped(
    filled(`<p>${'a paragraph of a page that goes on. '.repeat(10)}</p>`),
    ['ok'],
  ),
  'nine megabytes of links': zipped(filled('<a href="/somewhere/else">a link</a> '), BURST),
  'nine megabytes of tags': zipped(filled('<i>x</i>'), BURST),
};
