import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { Router } from 'express';

/**
 * The style sheets, in the order in which they apply; the last changes the others for narrow
 * screens.
 */
const STYLES = [
  'base.css',
  'frame.css',
  'forms.css',
  'tables.css',
  'charts.css',
  'pages.css',
  'narrow.css',
] as const;
const NAMES = [...STYLES, 'console.js', 'icon.svg'] as const;
type Name = (typeof NAMES)[number];

const files = new Map(
  NAMES.map((name) => {
    const content = readFileSync(new URL(`assets/${name}`, import.meta.url));
    return [name, { content, version: createHash('sha256').update(content).digest('hex').slice(0, 12) }];
  }),
);

/**
 * Where a file is served. The address changes with the content, so a browser may keep it for good.
 */
export function assetUrl(name: Name): string {
  return `/console/assets/${name}?v=${files.get(name)!.version}`;
}

/** Where the style sheets are served, in the order in which they apply. */
export function styleUrls(): string[] {
  return STYLES.map(assetUrl);
}

/** The console's style sheets, script and icon. */
export function assetRoutes(): Router {
  const router = Router();
  for (const [name, { content }] of files) {
    router.get(`/${name}`, (_req, res) => {
      res.set('Cache-Control', 'public, max-age=31536000, immutable').type(extname(name)).send(content);
    });
  }
  return router;
}
