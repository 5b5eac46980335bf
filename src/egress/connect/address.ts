import { BlockList, isIP } from 'node:net';

/** A set of IP networks. An IPv4 network also holds its IPv4-mapped IPv6 addresses. */
export class CidrList {
  readonly #networks = new BlockList();
  /** The networks as they were given. */
  readonly entries: readonly string[];

  /**
   * Takes `address/prefix` or a bare address, IPv4 or IPv6; throws a RangeError that quotes the
   * first bad entry.
   */
  constructor(entries: readonly string[]) {
    this.entries = entries;
    for (const entry of entries) this.#add(entry);
  }

  /**
   * Parses a comma-separated list; blanks around the entries are ignored, and an empty text is an
   * empty list.
   */
  static parse(text: string): CidrList {
    return new CidrList(text.trim() === '' ? [] : text.split(',').map((entry) => entry.trim()));
  }

  #add(entry: string): void {
    const [address = '', prefix, ...rest] = entry.split('/');
    const family = familyOf(address);
    const bits = family === 'ipv4' ? 32 : 128;
    const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Infinity;
    if (family === null || rest.length > 0 || length > bits)
      throw new RangeError(`not an IP network: "${entry}"`);
    this.#networks.addSubnet(address, length, family);
  }

  /** False for whatever is not an IP address. */
  contains(address: string): boolean {
    const family = familyOf(address);
    return family !== null && this.#networks.check(address, family);
  }
}

// BlockList answers false to what it cannot parse, so nothing reaches it that is not a plain
// address.
function familyOf(address: string): 'ipv4' | 'ipv6' | null {
  if (address.includes('%')) return null;
  const version = isIP(address);
  return version === 0 ? null : version === 4 ? 'ipv4' : 'ipv6';
}

/**
 * IANA's IPv4 special-purpose registry, multicast, and the address at which Azure serves its
 * metadata.
 */
const SPECIAL_IPV4 = new CidrList([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '168.63.129.16/32',
]);

const GLOBAL_UNICAST_IPV6 = new CidrList(['2000::/3']);

/**
 * IANA's IPv6 special-purpose blocks inside global unicast: protocol assignments with Teredo, 6to4,
 * documentation, AS112.
 */
const SPECIAL_IPV6 = new CidrList([
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '2620:4f:8000::/48',
  '3fff::/20',
]);

/**
 * True only for an address of the public internet; false for special ones, for zone ids and for
 * what is no address.
 */
export function isPublicAddress(address: string): boolean {
  const family = familyOf(address);
  if (family === 'ipv4') return !SPECIAL_IPV4.contains(address);
  return family === 'ipv6' && GLOBAL_UNICAST_IPV6.contains(address) && !SPECIAL_IPV6.contains(address);
}

/**
 * Says which addresses may be connected to: the public ones, and those that the operator allowed.
 */
export class AddressPolicy {
  readonly #allowed: CidrList;

  constructor(allowed: CidrList) {
    this.#allowed = allowed;
  }

  permits(address: string): boolean {
    return isPublicAddress(address) || this.#allowed.contains(address);
  }
}
