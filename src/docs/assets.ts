import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Router } from 'express';

const viewer = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const own = fileURLToPath(new URL('assets/', import.meta.url));

const FILES = {
  'docs.css': own,
  'reference.css': own,
  'reference.js': own,
  'swagger-ui.css': viewer,
  'swagger-ui-bundle.js': viewer,
} as const;

/** The files that the pages are made with: our own, and those of the reference's viewer. */
export function assetRoutes(): Router {
  const router = Router();
  for (const [name, directory] of Object.entries(FILES)) {
    router.get(`/docs/assets/${name}`, (_req, res) => {
      res.sendFile(join(directory, name), { maxAge: '1h' });
    });
  }
  return router;
}
