/**
 * Whether a statement failed because the database was away or in need, and may succeed soon. SQLSTATE: classes 08 (connection), 53 (resources,
 * such as a full disk), 57P (shutdown) and 58 (its own system), 25006 (no longer the primary), 25P03 (a transaction rested too long) and
 * 40 (it was in another's way). Else what Node says of the network, and what the driver says of a connection that is gone.
 */
export function isDatabaseTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && (SQLSTATES.test(code) || NETWORK.has(code))) return true;
  return DRIVER.test(error.message);
}

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
/** "Not queryable": Kysely's rollback on a connection that is gone, which hides what the statement failed with. */
const DRIVER =
  /timeout exceeded when trying to connect|Connection terminated|Query read timeout|is not queryable/;
