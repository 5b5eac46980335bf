import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Router } from 'express';

const TYPES = { 'console.css': 'text/css', 'console.js': 'text/javascript', 'icon.svg': 'image/svg+xml' } as const;
type Name = keyof typeof TYPES;

const files = new Map(
  (Object.keys(TYPES) as Name[]).map((name) => {
    const content = readFileSync(new URL(`assets/${name}`, import.meta.url));
    return [name, { content, version: createHash('sha256').update(content).digest('hex').slice(0, 12) }];
  }),
);

/** Where a file is served. The address changes with the content, so a browser may keep it for good. */
export function assetUrl(name: Name): string {
  return `/console/assets/${name}?v=${files.get(name)!.version}`;
}

/** The console's style sheet, script and icon. */
export function assetRoutes(): Router {
  const router = Router();
  for (const [name, { content }] of files) {
    router.get(`/${name}`, (_req, res) => {
      res.set('Cache-Control', 'public, max-age=31536000, immutable').type(TYPES[name]).send(content);
    });
  }
  return router;
}
