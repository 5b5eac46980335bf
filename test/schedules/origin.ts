import { hash } from 'node:crypto';
import { page, startSite, type Site } from '../support/site.ts';

/** A site whose pages change on command, and that answers conditional requests. */
export interface ChangingSite extends AsyncDisposable {
  url: Site['url'];
  requests: Site['requests'];
  routes: Site['routes'];
  /** Shows this at a path from now on, with links. */
  put(path: string, text: string, links?: string[]): void;
  /** From now on there is nothing at the path. */
  remove(path: string): void;
  /** The answers with 304 so far, and all others to requests for pages. */
  counts: { notModified: number; full: number };
}

/** Starts one with these pages, by path. */
export async function startChangingSite(pages: Record<string, string>): Promise<ChangingSite> {
  const site = await startSite();
  const counts = { notModified: 0, full: 0 };
  const put: ChangingSite['put'] = (path, text, links = []) => {
    const body = page(path, text, links);
    const etag = `"${hash('sha256', body).slice(0, 20)}"`;
    site.routes.set(path, (req, res) => {
      const same = req.headers['if-none-match'] === etag;
      counts[same ? 'notModified' : 'full']++;
      res.writeHead(same ? 304 : 200, { 'content-type': 'text/html; charset=utf-8', etag });
      res.end(same ? undefined : body);
    });
  };
  for (const [path, text] of Object.entries(pages)) put(path, text);
  return {
    url: (path) => site.url(path),
    requests: site.requests,
    routes: site.routes,
    put,
    remove: (path) => void site.routes.delete(path),
    counts,
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}
