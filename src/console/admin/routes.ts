import type { SecretBox } from '../../accounts/secrets.ts';
import { Router, type Response } from 'express';
import { ServiceError } from '../../service-error.ts';
import type { Context } from '../../context.ts';
import { requireOperator } from '../session/guard.ts';
import { html } from '../../http/html/html.ts';
import { sendPage } from '../view/layout.ts';
import { operatorSignIn, signInRoutes } from '../session/sign-in.ts';
import { accountPage } from './account.ts';
import { accountPages } from './accounts.ts';
import { viewSection } from './view-table.ts';
import { readView } from './views.ts';

interface Shown {
  view: string;
  /** The title, if it is not the view's name. */
  title?: string;
  /** The column to sort by, largest first; by default the view's own order. */
  largest?: string;
}

/** Each page of the operator's part, and the views that it shows. */
const PAGES: { path: string; title: string; views: Shown[] }[] = [
  {
    path: '/',
    title: 'Service',
    views: [
      { view: 'outbox_lag' },
      { view: 'queue_depth' },
      { view: 'stuck_jobs' },
      { view: 'errors_24h', title: 'Errors of 24 hours' },
    ],
  },
  {
    path: '/deliveries',
    title: 'Deliveries',
    views: [
      { view: 'endpoint_health', title: 'Slowest endpoints', largest: 'p95_ms' },
      { view: 'retry_backlog' },
      { view: 'delivery_latency' },
      { view: 'deliveries_failing' },
      { view: 'deliveries_exhausted' },
    ],
  },
  {
    path: '/scraping',
    title: 'Scraping',
    views: [{ view: 'host_health', title: 'Hosts' }, { view: 'crawl_progress' }, { view: 'proxies' }],
  },
  { path: '/database', title: 'Database', views: [{ view: 'table_sizes' }] },
];

/** Pages for operators, behind ADMIN_TOKEN: the views of the schema `admin`, and accounts. */
export function adminRoutes(context: Context, box: SecretBox, adminToken: string): Router {
  const { db } = context;
  const router = Router();
  const signIn = operatorSignIn(context, adminToken);
  router.use(signInRoutes(context, signIn));
  router.use(requireOperator(context, signIn, adminToken));
  for (const { path, title, views } of PAGES) router.get(path, async (_req, res) => show(res, title, views));
  router.use(accountPages({ db, box, freeCredits: context.config.freeCredits }));
  router.use(accountPage(db));

  router.use(() => {
    throw new ServiceError('not_found', 'There is no such page.');
  });

  async function show(res: Response, title: string, views: Shown[]): Promise<void> {
    const sections = [];
    for (const shown of views) {
      const heading = shown.title ?? shown.view[0]!.toUpperCase() + shown.view.slice(1).replaceAll('_', ' ');
      sections.push(viewSection(heading, await readView(db, shown.view, shown.largest)));
    }
    sendPage(res, { title, section: title, body: html`${sections}` });
  }

  return router;
}
