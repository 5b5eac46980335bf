import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createEgress, type PageUrlRefusal } from '../../src/egress/index.ts';

const closed = createEgress({ allowTargets: [], allowWebhooks: [] });
after(() => closed.close());

function refusals(urls: string[], reason: PageUrlRefusal): void {
  for (const url of urls) assert.deepEqual(closed.checkPageUrl(url), { ok: false, reason }, url);
}

test('http and https URLs of public hosts pass', () => {
  for (const url of [
    'http://example.com',
    'https://example.com:443/a?b#c',
    'https://example.com:8443/',
    'http://93.184.215.14/',
    'https://[2606:4700:4700::1111]/',
    'https://xn--bcher-kva.example/',
    'https://example.com./',
  ]) {
    assert.deepEqual(closed.checkPageUrl(url), { ok: true }, url);
  }
});

test('only http and https', () => {
  refusals(
    [
      'ftp://example.com/',
      'file:///etc/passwd',
      'data:text/html,x',
      'javascript:alert(1)',
      'gopher://example.com/',
      'ws://example.com/',
      'blob:https://example.com/1',
      'view-source:http://example.com/',
    ],
    'not_http',
  );
});

test('what is not a URL is invalid', () => {
  refusals(
    [
      '',
      'example.com',
      '/path',
      'http://',
      'https://a b/',
      'http://[fe80::1%25eth0]/',
      'http://[::1%lo]/',
      'http://256.1.1.1/',
      'http://1.2.3.4.5/',
      'http://h:65536/',
    ],
    'invalid',
  );
});

test('no userinfo', () => {
  refusals(
    [
      'http://user@example.com/',
      'https://user:pass@example.com/',
      'https://:pass@example.com/',
      'https://example.com%40@169.254.169.254/',
    ],
    'userinfo',
  );
});

test('ports 80, 443 and from 1024 up, except those of well-known services', () => {
  refusals(
    [
      '0',
      '1',
      '22',
      '25',
      '79',
      '81',
      '442',
      '444',
      '1023',
      '2049',
      '3306',
      '5432',
      '6379',
      '6667',
      '11211',
      '27017',
      '10250',
    ].map((port) => `http://example.com:${port}/`),
    'port',
  );
  for (const port of [80, 443, 1024, 3000, 8080, 8443, 49152, 65535]) {
    assert.deepEqual(closed.checkPageUrl(`http://example.com:${port}/`), { ok: true }, String(port));
  }
});

test('a private address is refused in every textual form', () => {
  const loopback = [
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '0x7f000001',
    '017700000001',
    '2130706433',
    '127.0.0.1.',
    '１２７.0.0.1',
    '127。0。0。1',
    '%31%32%37.0.0.1',
    '127.0.0.0x1',
    '0',
    '0.0.0.0',
  ];
  const others = [
    '10.0.0.1',
    '192.168.1.1',
    '172.16.0.1',
    '169.254.169.254',
    '0xa9fea9fe',
    '2852039166',
    '100.100.100.200',
    '168.63.129.16',
    '224.0.0.1',
    '255.255.255.255',
  ];
  const ipv6 = [
    '[::1]',
    '[::]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
    '[fd00:ec2::254]',
    '[fe80::1]',
    '[2001:db8::1]',
  ];
  refusals(
    [...loopback, ...others, ...ipv6].map((host) => `http://${host}/`),
    'blocked_target',
  );
});

test('localhost and the names under it are not public', () => {
  refusals(
    [
      'http://localhost/',
      'http://LOCALHOST:8080/',
      'http://localhost./',
      'http://a.localhost/',
      'http://a.b.localhost./',
    ],
    'blocked_target',
  );
  assert.deepEqual(closed.checkPageUrl('http://notlocalhost.example/'), { ok: true });
});

test('an allowed network opens its addresses, localhost if loopback, and nothing else', async () => {
  await using egress = createEgress({ allowTargets: ['127.0.0.0/8', 'fd00::/8'], allowWebhooks: [] });
  for (const url of [
    'http://127.0.0.1:3000/',
    'http://0x7f.1/',
    'http://localhost:3000/',
    'http://a.localhost/',
    'http://[fd00::1]/',
  ])
    assert.deepEqual(egress.checkPageUrl(url), { ok: true }, url);
  for (const url of ['http://10.0.0.1/', 'http://[::1]/', 'http://169.254.169.254/'])
    assert.deepEqual(egress.checkPageUrl(url), { ok: false, reason: 'blocked_target' }, url);
  assert.deepEqual(egress.checkPageUrl('http://127.0.0.1:6379/'), { ok: false, reason: 'port' });
});
