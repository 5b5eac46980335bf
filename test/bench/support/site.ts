// A web site in a process of its own. Forked by startSite.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { listen } from '../../support/net/listen.ts';

export interface Site extends AsyncDisposable {
  /** `http://127.0.0.1:port`. */
  url: string;
}

/**
 * Documentation in HTML as Debian packages install it: what `apt-get install` brings, and the
 * folder.
 */
const DOCUMENTATION = {
  'postgresql-doc-15': '/usr/share/doc/postgresql-doc-15/html',
  'python3-doc': '/usr/share/doc/python3.11/html',
  'python-django-doc': '/usr/share/doc/python-django-doc/html',
};
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};
/** The beginning of a ZIP file. */
const ARCHIVE = Buffer.from('504b03041400000008000000', 'hex');
const WORDS =
  'the queue hands a page to a worker and the worker settles it once while nobody has to wait'.split(' ');

if (process.send && process.argv[2] === 'serve') serve();

/**
 * Serves the documentation under `/postgresql-doc-15/` and so on (2,390 pages linked from `/`), a
 * small page at `/page/N` for every N, and a file that is no text at `/binary/N`.
 */
export async function startSite(): Promise<Site> {
  const child = fork(import.meta.filename, ['serve']);
  const [port] = await once(child, 'message');
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, 'exit');
    },
  };
}

/** Throws a sentence that names the packages to install where the documentation is not there. */
export function requireDocumentation(): void {
  const missing = Object.entries(DOCUMENTATION).filter(([, folder]) => !existsSync(folder));
  if (missing.length > 0) throw new Error(`apt-get install ${missing.map(([name]) => name).join(' ')}`);
}

function serve(): void {
  const server = createServer((request, response) => void answer(request, response));
  server.keepAliveTimeout = 60_000;
  void listen(server).then((port) => process.send!(port));
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url!, 'http://site');
  const [, first = '', second = ''] = pathname.split('/');
  if (first === 'page') html(response, smallPage(Number(second)));
  else if (first === 'binary') response.setHeader('content-type', 'application/zip').end(ARCHIVE);
  else if (first === '') html(response, frontPage());
  else await sendFile(response, pathname);
}

function html(response: ServerResponse, text: string): void {
  response.setHeader('content-type', TYPES['.html']!);
  response.end(text);
}

const files = new Map<string, Buffer>();

async function sendFile(response: ServerResponse, pathname: string): Promise<void> {
  const [, mount = '', ...rest] = pathname.split('/');
  const folder = Object.entries(DOCUMENTATION).find(([name]) => name === mount)?.[1];
  if (!folder) return notFound(response);
  const path = join(
    folder,
    normalize(`/${decodeURIComponent(rest.join('/'))}`),
    pathname.endsWith('/') ? 'index.html' : '',
  );
  const body = files.get(path) ?? (await readFile(path).catch(() => null));
  if (!body) return notFound(response);
  files.set(path, body);
  response.setHeader('content-type', TYPES[extname(path)] ?? 'application/octet-stream');
  response.end(body);
}

function notFound(response: ServerResponse): void {
  response.statusCode = 404;
  html(response, '<!doctype html><title>Not found</title><p>There is no such page.</p>');
}

function frontPage(): string {
  const links = Object.keys(DOCUMENTATION).map(
    (name) => `<li><a href="/${name}/index.html">${name}</a></li>`,
  );
  return `<!doctype html><html lang="en"><title>Documentation</title><main><h1>Documentation</h1><ul>${links.join('')}</ul></main></html>`;
}

/** About 3 KB, with the usual parts. */
function smallPage(n: number): string {
  const paragraphs = Array.from(
    { length: 5 },
    (_, i) => `<p>${words(50, n + i)} <a href="/page/${n + i}">on</a>.</p>`,
  );
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page ${n}</title>
<meta name="description" content="${words(12, n)}"></head><body><nav><a href="/">Home</a> <a href="/page/1">First</a></nav>
<main><h1>Page ${n}</h1>${paragraphs.join('\n')}<ul><li>${words(5, n)}</li><li>${words(5, n + 1)}</li></ul></main>
<footer><p>${words(10, n)}</p></footer></body></html>`;
}

function words(count: number, from: number): string {
  return Array.from({ length: count }, (_, i) => WORDS[(from + i * i) % WORDS.length]).join(' ');
}
