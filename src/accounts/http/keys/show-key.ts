import { keyStatus, type KeyRow } from '../../keys/keys.ts';

/** A key as the API shows it. */
export function showKey({ id, ...key }: KeyRow) {
  return { key_id: id, status: keyStatus(key), ...key };
}
