import { sql } from 'kysely';
import { signedUrl } from '../../accounts/result-links.ts';
import type { Config } from '../../config/index.ts';
import { crashPoint } from '../../crash-point.ts';
import { JSON_LINES, measure, readResult } from '../../database/result-bytes.ts';
import type { Db } from '../../database/tables.ts';
import { keptUntil } from '../../database/retention.ts';
import { ServiceError } from '../../service-error.ts';
import type { ClaimedDelivery } from '../outbox/claim.ts';
import type { BodySource } from './body.ts';

/**
 * The link of a delivery could not be made, so nothing was sent: after `deferMs` milliseconds it
 * may be tried again.
 */
export class UnlinkedError extends ServiceError {
  override name = 'UnlinkedError';
  readonly deferMs: number;
  constructor(why: string, deferMs: number) {
    super('unavailable', `The link to the pages cannot be made: ${why}.`);
    this.deferMs = deferMs;
  }
}

/** How long a process without PUBLIC_URL leaves a link to others. */
const NO_ADDRESS_MS = 30_000;

export interface LinkTools {
  db: Db;
  config: Pick<Config, 'publicUrl' | 'retentionDays'>;
}

/** Whether the body of a delivery still lacks its link. */
export const lacksLink = ({ link }: Pick<BodySource, 'link'>) => link === '';

/**
 * What a delivery carries, with the link that its first attempt would have. Throws an
 * UnlinkedError.
 */
export async function withLink<Content extends BodySource>(
  tools: LinkTools,
  content: Content,
): Promise<Content> {
  return lacksLink(content) ? { ...content, link: await makeLink(tools, content) } : content;
}

/**
 * The link to the pages of a delivery's job, as members of a JSON object: where they are read as
 * JSON lines, their length and SHA-256, and until when. Reads them once, in constant memory. The
 * same for as long as the configuration is. Throws an UnlinkedError.
 */
async function makeLink(
  { db, config }: LinkTools,
  { account_id, job_id }: Pick<BodySource, 'account_id' | 'job_id'>,
): Promise<string> {
  const { publicUrl, retentionDays } = config;
  if (publicUrl === undefined) throw new UnlinkedError('PUBLIC_URL is not set', NO_ADDRESS_MS);
  const { bytes, sha256 } = await measure(readResult(db, { account_id, id: job_id! }, JSON_LINES));
  const expiresAt = keptUntil(job_id!, retentionDays);
  const facts = { account_id, job_id: job_id!, bytes, sha256: sha256.toString('hex') };
  const url = await signedUrl(db, publicUrl, { ...facts, expires: expiresAt.getTime() / 1000 });
  const link = { url, length: bytes, sha256: facts.sha256, expires_at: expiresAt, format: 'jsonl' };
  return JSON.stringify(link).slice(1, -1);
}

/**
 * Makes the link of a claimed delivery and stores it, so that every attempt carries this one.
 * Throws an UnlinkedError, also where the claim holds no longer.
 */
export async function addLink(tools: LinkTools, delivery: ClaimedDelivery): Promise<ClaimedDelivery> {
  const link = await makeLink(tools, delivery);
  crashPoint('delivery.link');
  const { account_id, id, fence } = delivery;
  const { numAffectedRows } = await sql`
    update outbox set link = ${link}
    where account_id = ${account_id} and id = ${id} and fence = ${fence} and status = 'sending'`.execute(
    tools.db,
  );
  if (numAffectedRows !== 1n) throw new UnlinkedError('another process has the delivery', 0);
  crashPoint('delivery.linked');
  return { ...delivery, link };
}
