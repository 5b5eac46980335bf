import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4, isIPv6 } from 'node:net';

/** The records of a fake name. A query for a missing type is answered without records (NODATA). */
export interface DnsRecords {
  a?: string[];
  aaaa?: string[];
  /** The answers are given for this canonical name, behind a CNAME record. */
  cname?: string;
  /** `DROP` answers nothing at all: a black hole. */
  fail?: 'NXDOMAIN' | 'SERVFAIL' | 'DROP';
}

export interface DnsQuery {
  name: string;
  type: 'A' | 'AAAA';
}

/** The records of a name, or a function that decides at each query. */
export type DnsAnswer = DnsRecords | ((query: DnsQuery) => DnsRecords);

export interface FakeDns extends AsyncDisposable {
  /** `127.0.0.1:port`, as `Resolver.setServers` takes it. */
  server: string;
  /** Names to answers, changeable at any time. Names are lower case; a missing one is NXDOMAIN. */
  zone: Map<string, DnsAnswer>;
  /** Every A and AAAA query so far. */
  queries: DnsQuery[];
  close(): Promise<void>;
}

const TYPES: Record<number, DnsQuery['type']> = { 1: 'A', 28: 'AAAA' };
const RCODES = { NXDOMAIN: 3, SERVFAIL: 2 };
const CNAME = 5;

/**
 * Starts a DNS server on a free UDP port of 127.0.0.1. Its answers have a TTL of 0, so nobody
 * caches them.
 */
export async function startDns(zone: Record<string, DnsAnswer> = {}): Promise<FakeDns> {
  const answers = new Map(Object.entries(zone));
  const queries: DnsQuery[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (message, peer) => {
    const { name, type, end } = parseQuestion(message);
    const known = TYPES[type];
    if (known) queries.push({ name, type: known });
    const answer = answers.get(name) ?? { fail: 'NXDOMAIN' };
    const records = typeof answer === 'function' ? answer({ name, type: known ?? 'A' }) : answer;
    if (records.fail !== 'DROP')
      socket.send(encodeReply(message.subarray(0, end), known, records), peer.port, peer.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const close = () => new Promise<void>((resolve) => socket.close(() => resolve()));
  return {
    server: `127.0.0.1:${socket.address().port}`,
    zone: answers,
    queries,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function parseQuestion(message: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = message.readUInt8(at); length > 0; length = message.readUInt8(at)) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), end: at + 5 };
}

function encodeReply(query: Buffer, type: DnsQuery['type'] | undefined, records: DnsRecords): Buffer {
  const addresses = type === 'A' ? (records.a ?? []) : type === 'AAAA' ? (records.aaaa ?? []) : [];
  const rdata = records.fail ? [] : addresses.map(encodeAddress);
  const owner = records.cname ? encodeName(records.cname) : Buffer.from([0xc0, 12]);
  const answers = rdata.map((data) => encodeRecord(owner, data.length === 4 ? 1 : 28, data));
  if (records.cname && !records.fail) answers.unshift(encodeRecord(Buffer.from([0xc0, 12]), CNAME, owner));
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(0x8180 | (records.fail && records.fail !== 'DROP' ? RCODES[records.fail] : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  return Buffer.concat([header, query.subarray(12), ...answers]);
}

function encodeRecord(owner: Buffer, type: number, data: Buffer): Buffer {
  const fields = Buffer.alloc(10);
  fields.writeUInt16BE(type, 0);
  fields.writeUInt16BE(1, 2);
  fields.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fields, data]);
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label, 'latin1')]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function encodeAddress(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  if (!isIPv6(address)) throw new TypeError(`not an IP address: ${address}`);
  const [head = [], tail = []] = address.split('::').map((half) => half.split(':').flatMap(encodeGroup));
  return Buffer.from([...head, ...Array<number>(16 - head.length - tail.length).fill(0), ...tail]);
}

function encodeGroup(group: string): number[] {
  if (group === '') return [];
  if (group.includes('.')) return group.split('.').map(Number);
  const value = parseInt(group, 16);
  return [value >> 8, value & 0xff];
}
