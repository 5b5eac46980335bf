import type { DbOrTx } from '../../../database/tables.ts';
import { notFound } from '../../../service-error.ts';
import { knowsEndpoint, listEndpoints } from '../../endpoints/endpoints.ts';

/** The endpoint that a path names by host and port. Throws ServiceError `not_found`. */
export async function findEndpoint(db: DbOrTx, accountId: string, name: string): Promise<string> {
  const endpoint = name.toLowerCase();
  // Postgres text cannot hold U+0000.
  if (endpoint.includes('\0') || !(await knowsEndpoint(db, accountId, endpoint))) throw notFound('endpoint');
  return endpoint;
}

/** An endpoint as the list shows it; only its name and status if nothing else is known of it. */
export async function showEndpoint(db: DbOrTx, accountId: string, endpoint: string) {
  const known = (await listEndpoints(db, accountId)).find((view) => view.endpoint === endpoint);
  return known ?? { endpoint, status: 'active' as const };
}
