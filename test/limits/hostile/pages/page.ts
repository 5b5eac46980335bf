/** A page that is made to cost its reader time or memory. */
export interface HostilePage {
  type: string;
  /** Made when it is asked for: all at once would not fit. */
  body(): Buffer | string;
  /** Options of the request, besides its URL. */
  options?: Record<string, unknown>;
}

export const MIB = 1024 * 1024;
/** As large as a page may be. */
const LARGEST_BYTES = 9.5 * MIB;

/** The unit again and again, as long as a page may be. */
export function filled(unit: string, bytes = LARGEST_BYTES): string {
  return unit.repeat(Math.floor(bytes / Buffer.byteLength(unit)));
}

/** Units that differ, as long as a page may be. */
export function counted(unit: (n: number) => string, bytes = LARGEST_BYTES): string {
  const units: string[] = [];
  for (let n = 0, length = 0; length < bytes; n++) {
    const next = unit(n);
    units.push(next);
    length += next.length;
  }
  return units.join('');
}
