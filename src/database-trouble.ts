/**
 * Whether a statement failed because the database was away or in need, and may succeed soon: SQLSTATE classes 08 (connection), 53
 * (resources, such as a full disk), 57P (shutdown) and 58 (its own system), and what the driver says when there is no server.
 */
export function isDatabaseTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && /^(08|53|57P|58)|^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT)$/.test(code)) return true;
  return /timeout exceeded when trying to connect|Connection terminated|Query read timeout/.test(error.message);
}
