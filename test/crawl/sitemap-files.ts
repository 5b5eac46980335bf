export const XMLNS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"';

export async function* inChunks(body: Buffer, length = 60_000): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < body.length; at += length) yield body.subarray(at, at + length);
}

export function urlset(...urls: string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?><urlset ${XMLNS}>${urls.map((loc) => `<url><loc>${loc}</loc></url>`).join('')}</urlset>`;
}

export function index(...urls: string[]): string {
  return `<sitemapindex ${XMLNS}>${urls.map((loc) => `<sitemap><loc>${loc}</loc></sitemap>`).join('')}</sitemapindex>`;
}
