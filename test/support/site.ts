import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { readCertificate } from './net/certificates.ts';
import { testRun } from './environment.ts';
import { listen } from './net/listen.ts';

/** What a path answers: an HTML page, a described answer, or what a handler does. */
export type Route =
  | string
  | { status?: number; headers?: Record<string, string>; body?: string | Buffer }
  | ((req: IncomingMessage, res: ServerResponse) => void | Promise<void>);

export interface Site extends AsyncDisposable {
  origin: string;
  /** Paths (with their query) to answers, changeable at any time. */
  routes: Map<string, Route>;
  /** Every request so far, in the order of arrival. */
  requests: { method: string; path: string; headers: IncomingMessage['headers'] }[];
  /** The absolute URL of a path. */
  url(path: string): string;
}

export interface SiteOptions {
  /** Serves HTTPS with the run's certificate. */
  secure?: boolean;
  /** The answer of paths without a route; a 404 by default. */
  fallback?: Route;
}

/** Starts a small web site on a free port of 127.0.0.1. */
export async function startSite(
  routes: Record<string, Route> = {},
  { secure = false, fallback = NOT_FOUND }: SiteOptions = {},
): Promise<Site> {
  const known = new Map(Object.entries(routes));
  const requests: Site['requests'] = [];
  const answer = (req: IncomingMessage, res: ServerResponse) => {
    const path = req.url ?? '/';
    requests.push({ method: req.method ?? '', path, headers: req.headers });
    const route = known.get(path) ?? fallback;
    if (typeof route === 'function') {
      void route(req, res);
      return;
    }
    const { status = 200, headers = {}, body = '' } = typeof route === 'string' ? { body: route } : route;
    res.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(body);
  };
  const server = secure
    ? createSecureServer(await readCertificate(testRun().directory), answer)
    : createServer(answer);
  const port = await listen(server);
  const origin = `${secure ? 'https' : 'http'}://127.0.0.1:${port}`;
  return {
    origin,
    routes: known,
    requests,
    url: (path) => origin + path,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const NOT_FOUND: Route = { status: 404, body: page('Not found', 'There is nothing here.') };

/** An HTML page with a heading, a paragraph and links. */
export function page(title: string, text: string, links: string[] = []): string {
  const anchors = links.map((href) => `<li><a href="${href}">${href}</a></li>`).join('');
  return `<!doctype html><html lang="en"><head><title>${title}</title></head>
<body><main><h1>${title}</h1><p>${text}</p><ul>${anchors}</ul></main></body></html>`;
}

/**
 * A route that answers only once it is opened, so a test can act while the page is being fetched.
 */
export function gate(body: string): { route: Route; entered: Promise<void>; open(): void } {
  const entered = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  return {
    entered: entered.promise,
    open: () => opened.resolve(),
    route: (_req, res) => {
      entered.resolve();
      void opened.promise.then(() =>
        res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(body),
      );
    },
  };
}
