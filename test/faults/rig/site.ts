import { setTimeout as sleep } from 'node:timers/promises';
import { page, startSite, type Site } from '../../support/site.ts';

/**
 * A site whose every page answers 200, after `?ms=` milliseconds. The pages /tree/1 to /tree/30
 * link to each other as a binary tree, for crawls, and a sitemap names them.
 */
export async function startSlowSite(): Promise<Site> {
  return await startSite(
    {},
    {
      fallback: async (req, res) => {
        const { pathname, searchParams } = new URL(req.url ?? '/', 'http://site');
        await sleep(Number(searchParams.get('ms') ?? 0));
        const sitemap = pathname === '/sitemap.xml';
        res.writeHead(pathname === '/robots.txt' ? 404 : 200, {
          'content-type': sitemap ? 'application/xml' : 'text/html; charset=utf-8',
        });
        if (sitemap) res.end(sitemapOf(`http://${req.headers.host}`));
        else res.end(page(pathname, `You asked for ${pathname}.`, linksOf(pathname)));
      },
    },
  );
}

function sitemapOf(origin: string): string {
  const urls = Array.from({ length: 30 }, (_, n) => `<url><loc>${origin}/tree/${n + 1}</loc></url>`);
  return `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${urls.join('')}</urlset>`;
}

function linksOf(pathname: string): string[] {
  const node = Number(/^\/tree\/(\d+)$/.exec(pathname)?.[1] ?? NaN);
  return [2 * node, 2 * node + 1]
    .filter((child) => child <= 30)
    .map((child) => `/tree/${child}?ms=${(child % 4) * 30}`);
}
