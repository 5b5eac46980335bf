import { createHmac, timingSafeEqual } from 'node:crypto';
import type { DbOrTx } from '../database/tables.ts';
import { isId } from '../ids.ts';

/** What a link to the pages of a job stands for: these bytes, until then. */
export interface ResultLink {
  account_id: string;
  job_id: string;
  /** Of the job's JSON lines. */
  bytes: number;
  /** In hex. */
  sha256: string;
  /** In seconds since 1970. */
  expires: number;
}

export type SignedLink = ResultLink & { signature: string };

/** Where results are read without a key. */
export const RESULTS_PATH = '/results';

/** The names of a link's parameters, and what they may be. */
const PARAMETERS = {
  account: (text: string) => isId('acct', text),
  bytes: isNumber,
  sha256: isDigest,
  expires: isNumber,
  signature: isDigest,
};
type Parameters = Record<keyof typeof PARAMETERS, string>;

function isNumber(text: string): boolean {
  return /^(?:0|[1-9]\d{0,14})$/.test(text);
}

function isDigest(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/**
 * The link that a request names, with its signature; null where it has not the form of one. Its
 * signature is still to be checked.
 */
export function parseLink(jobId: string, query: object): SignedLink | null {
  const given = query as Partial<Record<string, unknown>>;
  for (const [name, isValid] of Object.entries(PARAMETERS)) {
    const value = given[name];
    if (typeof value !== 'string' || !isValid(value)) return null;
  }
  const { account, bytes, sha256, expires, signature } = given as Parameters;
  const job = { account_id: account, job_id: jobId };
  return { ...job, bytes: Number(bytes), sha256, expires: Number(expires), signature };
}

/** The account's key for links; null where there is no such account. */
async function findKey(db: DbOrTx, accountId: string) {
  const row = await db
    .selectFrom('accounts')
    .select(['link_key', 'suspended_at'])
    .where('id', '=', accountId)
    .executeTakeFirst();
  return row ?? null;
}

/** A link as an absolute URL, signed with the key of its account. */
export async function signedUrl(db: DbOrTx, origin: string, link: ResultLink): Promise<string> {
  const account = await findKey(db, link.account_id);
  if (account === null) throw new Error(`there is no account ${link.account_id}`);
  const query: Parameters = {
    account: link.account_id,
    bytes: String(link.bytes),
    sha256: link.sha256,
    expires: String(link.expires),
    signature: sign(link, account.link_key).toString('hex'),
  };
  return `${origin}${RESULTS_PATH}/${link.job_id}?${new URLSearchParams(query).toString()}`;
}

/**
 * Whether the account has signed the link, and is not suspended. Says nothing about the link's
 * expiry.
 */
export async function isSigned(db: DbOrTx, link: SignedLink): Promise<boolean> {
  const account = await findKey(db, link.account_id);
  const expected = sign(link, account?.link_key ?? Buffer.alloc(32));
  const isRight = timingSafeEqual(Buffer.from(link.signature, 'hex'), expected);
  return isRight && account !== null && account.suspended_at === null;
}

function sign({ account_id, job_id, bytes, sha256, expires }: ResultLink, key: Buffer): Buffer {
  const signed = ['result', account_id, job_id, bytes, sha256, expires].join('\n');
  return createHmac('sha256', key).update(signed).digest();
}
