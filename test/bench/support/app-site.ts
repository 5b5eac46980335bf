// A site of applications in a process of its own. Forked by startAppSite.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { startSite as startPages } from '../../support/site.ts';
import { buildApps } from '../../render/apps/build.ts';
import type { Site } from './site.ts';

const PRODUCTS = ['Kettle', 'Basket', 'Ladder', 'Lantern', 'Saddle', 'Barrel'].map((name) => ({
  name,
  text: `${'The best that we know how to make, after many years in which we tried. '.repeat(6)}${name}.`,
}));
const HTML = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>
<link rel="stylesheet" href="/style.css"><script type="module" src="/vue.js"></script></head><body>
<nav><a href="/">Home</a></nav><div id="app"></div>
${Array.from({ length: 6 }, (_, n) => `<img src="/picture-${n}.png" alt="">`).join('')}</body></html>`;

if (process.send && process.argv[2] === 'serve-apps') await serve();

/**
 * Serves an application of Vue at `/` with any query: a page that is empty without its script, with
 * six products that it fetches, a style sheet and six pictures.
 */
export async function startAppSite(): Promise<Site> {
  const child = fork(import.meta.filename, ['serve-apps']);
  const [url] = await once(child, 'message');
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, 'exit');
    },
  };
}

async function serve(): Promise<void> {
  const site = await startPages({}, { fallback: HTML });
  for (const [name, body] of await buildApps())
    site.routes.set(`/${name}`, { headers: { 'content-type': 'text/javascript' }, body });
  site.routes.set('/products.json', {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(PRODUCTS),
  });
  site.routes.set('/style.css', {
    headers: { 'content-type': 'text/css' },
    body: 'main { font: 1rem serif }',
  });
  process.send!(site.origin);
}
