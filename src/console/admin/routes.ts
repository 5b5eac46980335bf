import { Router, type Response } from 'express';
import type { Context } from '../../context.ts';
import { requireOperator } from '../guard.ts';
import { html } from '../html.ts';
import { sendPage } from '../layout.ts';
import { operatorDoor, signInRoutes } from '../sign-in.ts';
import { accountPages } from './accounts.ts';
import { viewSection } from './view-table.ts';
import { readView } from './views.ts';

/** Each page of the operator's part, and the views that it shows. */
const PAGES = [
  { path: '/', title: 'Service', views: ['outbox_lag', 'queue_depth', 'stuck_jobs', 'errors_24h'] },
  {
    path: '/deliveries',
    title: 'Deliveries',
    views: ['endpoint_health', 'retry_backlog', 'delivery_latency', 'deliveries_failing', 'deliveries_exhausted'],
  },
  { path: '/scraping', title: 'Scraping', views: ['host_health', 'crawl_progress'] },
  { path: '/database', title: 'Database', views: ['table_sizes'] },
];

/** Pages for operators, behind ADMIN_TOKEN: what the views of the schema `admin` show, and credits. */
export function adminRoutes(context: Context, adminToken: string): Router {
  const { db } = context;
  const router = Router();
  const door = operatorDoor(context, adminToken);
  router.use(signInRoutes(context, door));
  router.use(requireOperator(context, door, adminToken));
  for (const { path, title, views } of PAGES) router.get(path, async (_req, res) => show(res, title, views));
  router.use(accountPages(db));

  async function show(res: Response, title: string, names: string[]): Promise<void> {
    const sections = [];
    for (const name of names) sections.push(viewSection(name, await readView(db, name)));
    sendPage(res, { title, section: title, body: html`${sections}` });
  }

  return router;
}
