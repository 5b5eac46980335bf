/**
 * A row does not show yet what a transaction has committed. On several database machines a
 * transaction is prepared on each, and shows on one a moment before it does on the others: longer
 * where a machine fails in between.
 */
export class InDoubtError extends Error {
  override name = 'InDoubtError';
}

/**
 * Whether a statement failed because the database was unavailable or overloaded, and may succeed
 * soon. An InDoubtError, or SQLSTATE classes 08 (connection), 40 (rolled back for another
 * transaction), 53 (resources, such as a full disk), 57P (shutdown), 58 (its own system), 25006 (no
 * longer the primary) and 25P03 (idle transaction); Node's network codes; and what the driver
 * reports of a broken connection.
 */
export function isDatabaseTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof InDoubtError) return true;
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && (SQLSTATES.test(code) || NETWORK.has(code))) return true;
  return DRIVER.test(error.message);
}

/**
 * Whether an error means that the database cannot be reached or takes no writes, so that every
 * other call fails too.
 */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && (UNAVAILABLE.test(code) || NETWORK.has(code))) return true;
  return DRIVER.test(error.message);
}

const UNAVAILABLE = /^(?:08...|57P..|25006|53300)$/;
const SQLSTATES = /^(?:(?:08|40|53|58)...|57P..|25006|25P03)$/;
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/**
 * "Not queryable" is Kysely's rollback on a broken connection, which hides the statement's own
 * error.
 */
const DRIVER =
  /timeout exceeded when trying to connect|Connection terminated|Query read timeout|is not queryable/;
