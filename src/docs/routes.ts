import { Router, type RequestHandler } from 'express';
import { html } from '../http/html/html.ts';
import { PROBLEMS } from '../http/problem.ts';
import { notFound, type ErrorCode } from '../service-error.ts';
import { assetRoutes } from './assets.ts';
import { errorsPage, problemPage } from './errors-pages.ts';
import { sendPage } from './layout.ts';
import { manualPage } from './manual-page.ts';
import { CHAPTERS, isChapter } from './manual/index.ts';
import { webhooksPage } from './webhooks-page.ts';

/**
 * Nothing from another host, no script in the page. The viewer's style sheet brings its icons as
 * data.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const pageHeaders: RequestHandler = (_req, res, next) => {
  res.set({ 'Content-Security-Policy': POLICY, 'Cache-Control': 'no-cache' });
  next();
};

/** The pages about the API. */
export function docsRoutes(): Router {
  const router = Router();

  router.get('/', (_req, res) => {
    res.redirect(303, '/docs');
  });
  router.use('/docs', pageHeaders);
  router.use(assetRoutes());

  router.get('/docs', (_req, res) => {
    sendPage(res, {
      title: 'Reference',
      section: '/docs',
      tool: true,
      styles: ['swagger-ui.css', 'reference.css'],
      scripts: ['swagger-ui-bundle.js', 'reference.js'],
      body: html`<div id="reference"></div>
        <noscript>
          <h1>Reference</h1>
          <p>This page needs JavaScript to show <a href="/openapi.json">the API's document</a>.</p>
        </noscript>`,
    });
  });
  router.get('/docs/manual{/:chapter}', (req, res) => {
    const chapter = req.params.chapter ?? CHAPTERS[0][0];
    if (!isChapter(chapter)) throw notFound('chapter');
    const title = CHAPTERS.find(([name]) => name === chapter)![1];
    sendPage(res, { title, section: '/docs/manual', body: manualPage(chapter) });
  });
  router.get('/docs/webhooks', (_req, res) => {
    sendPage(res, { title: 'Webhooks', section: '/docs/webhooks', body: webhooksPage() });
  });
  router.get('/docs/errors', (_req, res) => {
    sendPage(res, { title: 'Errors', section: '/docs/errors', body: errorsPage() });
  });
  router.get('/docs/errors/:code', (req, res) => {
    const { code } = req.params;
    if (!isErrorCode(code)) throw notFound('error code');
    sendPage(res, { title: PROBLEMS[code][1], section: '/docs/errors', body: problemPage(code) });
  });
  return router;
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(PROBLEMS, code);
}
