import type { DnsAnswer } from '../support/net/dns.ts';

const PUBLIC = '93.184.215.14';

/**
 * Hosts of URLs that are private addresses, however they are written, and names of this machine.
 */
export const PRIVATE_HOSTS = [
  // Loopback in decimal, octal, hexadecimal, in parts, with the root dot, escaped, in other digits.
  '127.0.0.1 127.1 127.0.1 2130706433 017700000001 0177.0.0.1 0x7f.1 0x7F000001 0x7f.0.0x0.1 127.0.0.1.',
  '127.255.255.254 %3127.0.0.1 127%2e0%2e0%2e1 ①②⑦.⓪.⓪.① 127。0。0。1 0 0.0.0.0 0x0',
  // Other networks that are nobody's in public.
  '10.0.0.1 0xa000001 172.16.0.1 192.168.1.1 100.64.0.1 169.254.169.254 0xa9fea9fe 2852039166',
  '168.63.129.16 198.18.0.1 224.0.0.1 255.255.255.255',
  // IPv6: loopback, unspecified, link-local, ISATAP, unique local.
  '[::1] [0:0:0:0:0:0:0:1] [::] [fe80::1] [fe80::5efe:7f00:1] [fc00::1] [fd00::1] [fec0::1] [ff02::1]',
  // IPv4 within it: mapped, translated, compatible, NAT64, 6to4, Teredo.
  '[::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:a9fe:a9fe] [::ffff:0:127.0.0.1] [::127.0.0.1]',
  '[64:ff9b::127.0.0.1] [64:ff9b::a00:1] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2002:a9fe:a9fe::1]',
  '[2001:0:7f00:1::]',
  'localhost LOCALHOST localhost. a.localhost ｌocalhost',
].flatMap((line) => line.split(' '));

/** Names, and what they resolve to: a private address, alone or among others. */
export const PRIVATE_NAMES: Record<string, DnsAnswer> = {
  'loopback.test': { a: ['127.0.0.1'] },
  'inside.test': { a: ['10.0.0.1'] },
  'metadata.test': { a: ['169.254.169.254'] },
  'mixed.test': { a: [PUBLIC, '127.0.0.1'] },
  'v6.test': { a: [PUBLIC], aaaa: ['::1'] },
  'mapped.test': { aaaa: ['::ffff:127.0.0.1'] },
  'nat64.test': { aaaa: ['64:ff9b::7f00:1'] },
  '6to4.test': { aaaa: ['2002:7f00:1::'] },
  'alias.test': { cname: 'loopback.test', a: ['127.0.0.1'] },
};

/** What comes before a host, or after it, so that it looks like another one. */
export const DISGUISES = [
  (host: string) => host,
  (host: string) => `${PUBLIC}@${host}`,
  (host: string) => `${PUBLIC}%2f:%40@${host}`,
  (host: string) => `user:${PUBLIC}@${host}`,
];

/** URLs that are read in two ways, or name a zone: none of them is taken for a proxy. */
export const ambiguousUrls = (scheme: string, port: number): string[] =>
  [
    `${PUBLIC}#@127.0.0.1:${port}`,
    `${PUBLIC}?@127.0.0.1:${port}`,
    `${PUBLIC}\\@127.0.0.1:${port}`,
    `${PUBLIC}:80\\@127.0.0.1:${port}`,
    `127.0.0.1:${port}\\@${PUBLIC}`,
    `127.0.0.1:${port}/@${PUBLIC}`,
    `127.0.0.1:${port}#@${PUBLIC}`,
    `${PUBLIC}, 127.0.0.1:${port}`,
    `[::1%25lo]:${port}`,
    `[fe80::1%25eth0]:${port}`,
    `[fe80::1%eth0]:${port}`,
    `[::1]127.0.0.1:${port}`,
    `127.0.0.1.1.1:${port}`,
    `256.0.0.1:${port}`,
  ].map((rest) => `${scheme}://${rest}`);
