import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AddressPolicy, CidrList, isPublicAddress } from '../../../src/egress/connect/address.ts';
import { SPECIAL_IPV4 } from '../../security/addresses.ts';

const toNumber = (address: string) =>
  address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
const toAddress = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
const isSpecial = (value: number) =>
  SPECIAL_IPV4.some(([from, to]) => value >= toNumber(from) && value <= toNumber(to));

test('IPv4 is public only outside every IANA special-purpose block', () => {
  for (const [from, to] of SPECIAL_IPV4) {
    assert.equal(isPublicAddress(from), false, from);
    assert.equal(isPublicAddress(to), false, to);
    for (const neighbour of [toNumber(from) - 1, toNumber(to) + 1]) {
      if (neighbour < 0 || neighbour >= 2 ** 32) continue;
      assert.equal(isPublicAddress(toAddress(neighbour)), !isSpecial(neighbour), toAddress(neighbour));
    }
  }
});

test('any IPv4 address is judged as the table of blocks says', () => {
  const near = fc
    .constantFrom(...SPECIAL_IPV4.flat())
    .chain((edge) => fc.integer({ min: -300, max: 300 }).map((off) => toNumber(edge) + off));
  const any = fc.oneof(
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    near.filter((value) => value >= 0 && value < 2 ** 32),
  );
  fc.assert(
    fc.property(any, (value) => isPublicAddress(toAddress(value)) === !isSpecial(value)),
    { numRuns: 5000 },
  );
});

test('IPv6 is public only inside 2000::/3 and outside its special blocks', () => {
  const refused = [
    '::',
    '::1',
    '::7f00:1',
    '1fff:ffff::',
    '4000::',
    'fc00::1',
    'fdff::1',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    '5f00::1',
    '100::1',
    '2001::1',
    '2001:0:1::',
    '2001:1ff:ffff::',
    '2001:db8::',
    '2001:db8:ffff:ffff::',
    '2002::',
    '2002:7f00:1::',
    '2002:ffff::',
    '2620:4f:8000::',
    '2620:4f:8000:ffff::',
    '3fff::',
    '3fff:fff::',
  ];
  const accepted = [
    '2000::',
    '2001:200::',
    '2001:db7:ffff::',
    '2001:db9::',
    '2003::',
    '2606:4700:4700::1111',
    '2620:4f:7fff::',
    '2620:4f:8001::',
    '3ffe:ffff::',
    '3fff:1000::',
  ];
  for (const address of refused) assert.equal(isPublicAddress(address), false, address);
  for (const address of accepted) assert.equal(isPublicAddress(address), true, address);
});

test('IPv4-mapped, NAT64 and 6to4 forms are refused, whatever they embed', () => {
  for (const inner of ['127.0.0.1', '10.0.0.1', '169.254.169.254', '8.8.8.8']) {
    const hex = inner.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'));
    const tail = `${hex[0]}${hex[1]}:${hex[2]}${hex[3]}`;
    for (const form of [
      `::ffff:${inner}`,
      `::ffff:${tail}`,
      `::${inner}`,
      `::ffff:0:${tail}`,
      `64:ff9b::${tail}`,
      `64:ff9b:1::${tail}`,
      `2002:${tail}::1`,
    ]) {
      assert.equal(isPublicAddress(form), false, form);
    }
  }
});

test('anything unparsable is refused, and a zone id too', () => {
  const garbage = [
    '',
    ' ',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '0x8.8.8.8',
    '8.8.8.8 ',
    '8.8.8.8/32',
    '[2606::1]',
    '2606::1%eth0',
    'fe80::1%1',
    '2606:::1',
    '8.8.8.8\0',
  ];
  for (const text of garbage) assert.equal(isPublicAddress(text), false, JSON.stringify(text));
  fc.assert(fc.property(fc.string(), (text) => /^[\d.]+$|:/.test(text) || !isPublicAddress(text)));
});

test('CidrList holds exactly its networks', () => {
  const list = CidrList.parse(' 127.0.0.0/8, ::1 ,fd00::/8,192.0.2.7');
  assert.deepEqual(list.entries, ['127.0.0.0/8', '::1', 'fd00::/8', '192.0.2.7']);
  for (const inside of ['127.0.0.1', '127.255.255.255', '::1', 'fdff::1', '192.0.2.7', '::ffff:127.0.0.1'])
    assert.ok(list.contains(inside), inside);
  for (const outside of [
    '128.0.0.1',
    '::2',
    'fc00::1',
    '192.0.2.8',
    '::ffff:128.0.0.1',
    '',
    'localhost',
    'fd00::1%lo',
  ])
    assert.ok(!list.contains(outside), outside);
  assert.deepEqual(CidrList.parse('  ').entries, []);
  assert.ok(CidrList.parse('0.0.0.0/0').contains('10.1.2.3'));
});

test('CidrList throws on what is not a network, and quotes it', () => {
  for (const bad of [
    '10.0.0.0/33',
    '::/129',
    '10.0.0/8',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/ 8',
    'localhost',
    'fe80::1%eth0',
    '10.0.0.0/1e1',
    '10.0.0.0-10.0.0.9',
  ]) {
    assert.throws(
      () => CidrList.parse(`::1,${bad}`),
      (error: Error) => error instanceof RangeError && error.message.includes(`"${bad}"`),
      bad,
    );
  }
  assert.throws(() => CidrList.parse('10.0.0.0/8,,::1'), RangeError);
});

test('the allowed networks are the only exceptions', () => {
  const policy = new AddressPolicy(CidrList.parse('10.1.0.0/16'));
  assert.ok(policy.permits('10.1.2.3'));
  assert.ok(policy.permits('8.8.8.8'));
  assert.ok(!policy.permits('10.2.0.1'));
  assert.ok(!policy.permits('127.0.0.1'));
  assert.ok(!policy.permits('10.1.2.3.4'));
});
