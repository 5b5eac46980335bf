/**
 * First and last address of each block of IANA's IPv4 special-purpose registry, of multicast, and
 * Azure's metadata address. Independent of the implementation.
 */
export const SPECIAL_IPV4 = [
  ['0.0.0.0', '0.255.255.255'],
  ['10.0.0.0', '10.255.255.255'],
  ['100.64.0.0', '100.127.255.255'],
  ['127.0.0.0', '127.255.255.255'],
  ['169.254.0.0', '169.254.255.255'],
  ['172.16.0.0', '172.31.255.255'],
  ['192.0.0.0', '192.0.0.255'],
  ['192.0.2.0', '192.0.2.255'],
  ['192.31.196.0', '192.31.196.255'],
  ['192.52.193.0', '192.52.193.255'],
  ['192.88.99.0', '192.88.99.255'],
  ['192.168.0.0', '192.168.255.255'],
  ['192.175.48.0', '192.175.48.255'],
  ['198.18.0.0', '198.19.255.255'],
  ['198.51.100.0', '198.51.100.255'],
  ['203.0.113.0', '203.0.113.255'],
  ['224.0.0.0', '239.255.255.255'],
  ['240.0.0.0', '255.255.255.255'],
  ['168.63.129.16', '168.63.129.16'],
] as const;

const ONES = 'ffff:ffff:ffff:ffff:ffff:ffff';

/** The same for IPv6, and the blocks around global unicast. */
export const SPECIAL_IPV6 = [
  ['::', '::'],
  ['::1', '::1'],
  ['::2', '::fffe:ffff:ffff'],
  ['::ffff:0:0', '::ffff:ffff:ffff'],
  ['64:ff9b::', '64:ff9b::ffff:ffff'],
  ['64:ff9b:1::', `64:ff9b:1:${ONES.slice(5)}`],
  ['100::', '100::ffff:ffff:ffff:ffff'],
  ['100:0:0:1::', '100::1:ffff:ffff:ffff:ffff'],
  ['1fff::', `1fff:ffff:${ONES}`],
  ['2001::', `2001:0:${ONES}`],
  ['2001:1::1', '2001:1::3'],
  ['2001:2::', '2001:2:0:ffff:ffff:ffff:ffff:ffff'],
  ['2001:20::', `2001:3f:${ONES}`],
  ['2001:100::', `2001:1ff:${ONES}`],
  ['2001:db8::', `2001:db8:${ONES}`],
  ['2002::', `2002:ffff:${ONES}`],
  ['2620:4f:8000::', `2620:4f:8000:${ONES.slice(5)}`],
  ['3fff::', `3fff:fff:${ONES}`],
  ['4000::', `5eff:ffff:${ONES}`],
  ['5f00::', `5f00:ffff:${ONES}`],
  ['fc00::', `fdff:ffff:${ONES}`],
  ['fe80::', `febf:ffff:${ONES}`],
  ['fec0::', `feff:ffff:${ONES}`],
  ['ff00::', `ffff:ffff:${ONES}`],
] as const;

/** The public addresses next to the IPv6 blocks inside global unicast. */
export const PUBLIC_IPV6 = [
  '2000::',
  `2000:ffff:${ONES}`,
  '2001:200::',
  `2001:db7:${ONES}`,
  '2001:db9::',
  `2001:ffff:${ONES}`,
  '2003::',
  `2620:4f:7fff:${ONES.slice(5)}`,
  '2620:4f:8001::',
  `3ffe:ffff:${ONES}`,
  '3fff:1000::',
];

/** The public addresses next to the IPv4 blocks. */
export function publicIpv4(): string[] {
  const edges = SPECIAL_IPV4.flatMap(([first, last]) => [toNumber(first) - 1, toNumber(last) + 1]);
  const inside = (value: number) =>
    SPECIAL_IPV4.some(([first, last]) => value >= toNumber(first) && value <= toNumber(last));
  return edges.filter((value) => value >= 0 && value < 2 ** 32 && !inside(value)).map(toAddress);
}

/**
 * Every way in which the WHATWG URL parser lets an IPv4 address be written: one to four parts, each
 * decimal, octal or hexadecimal, and what IDNA, percent-decoding and the root dot allow besides.
 */
export function spellingsOfIpv4(address: string): string[] {
  const octets = address.split('.').map(Number);
  const forms: string[] = [];
  for (let count = 1; count <= 4; count++) {
    const rest = octets.slice(count - 1).reduce((value, octet) => value * 256 + octet, 0);
    const parts = [...octets.slice(0, count - 1), rest];
    forms.push(...parts.reduce<string[]>((heads, part) => heads.flatMap((head) => join(head, part)), ['']));
  }
  const wide = address.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)));
  return [
    ...forms,
    `${address}.`,
    wide,
    ...['。', '．', '｡'].map((dot) => address.replaceAll('.', dot)),
    `%${Buffer.from(address).toString('hex').match(/../g)!.join('%')}`,
    address.replace('.', '\u00ad.'),
    `0X${toNumber(address).toString(16).toUpperCase()}`,
    `0x${toNumber(address).toString(16).padStart(20, '0')}`,
    octets.map((octet) => `000${octet.toString(8)}`).join('.'),
  ];
}

function join(head: string, part: number): string[] {
  const dotted = head === '' ? '' : `${head}.`;
  return [part.toString(), `0${part.toString(8)}`, `0x${part.toString(16)}`].map((text) => dotted + text);
}

/** Every IPv6 address that carries an IPv4 one, as a URL's host. */
export function carriersOfIpv4(address: string): string[] {
  const [a, b, c, d] = address.split('.').map(Number) as [number, number, number, number];
  const tail = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  return [
    `[::ffff:${address}]`,
    `[::FFFF:${tail}]`,
    `[0:0:0:0:0:ffff:${tail}]`,
    `[0000:0000:0000:0000:0000:ffff:${address}]`,
    `[::${address}]`,
    `[::ffff:0:${tail}]`,
    `[64:ff9b::${address}]`,
    `[64:ff9b:1::${tail}]`,
    `[2002:${tail}::]`,
    `[2002:${tail}::1]`,
    `[fe80::5efe:${address}]`,
  ];
}

/** Every way to write ::1 in a URL. */
export const SPELLINGS_OF_LOOPBACK_IPV6 = [
  '[::1]',
  '[0::1]',
  '[::0:1]',
  '[::0001]',
  '[0:0:0:0:0:0:0:1]',
  '[0000:0000:0000:0000:0000:0000:0000:0001]',
  '[::0.0.0.1]',
];

export function toNumber(address: string): number {
  return address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
}
