import { ours, testCases, type Case } from './cases.ts';

const GROUPS: Case[] = [
  { name: 'an empty file allows all', robots: '', allowed: ['/', '/a'] },
  {
    name: 'our own group',
    robots: ours('Disallow: /a'),
    disallowed: ['/a', '/a/b', '/ab'],
    allowed: ['/', '/b'],
  },
  { name: "another agent's group", robots: ['User-agent: Other', 'Disallow: /'], allowed: ['/a'] },
  { name: 'the * group', robots: ['User-agent: *', 'Disallow: /a'], disallowed: ['/a'], allowed: ['/b'] },
  {
    name: 'our group instead of the * group, wherever it stands',
    robots: ['User-agent: *', 'Disallow: /', '', ...ours('Disallow: /a')],
    disallowed: ['/a'],
    allowed: ['/b'],
  },
  {
    name: 'our empty group instead of the * group',
    robots: [...ours('Disallow:'), 'User-agent: *', 'Disallow: /'],
    allowed: ['/', '/a'],
  },
  {
    name: 'the token in another case',
    robots: ['user-agent: OLLAGRAPH', 'disallow: /a'],
    disallowed: ['/a'],
  },
  {
    name: 'a longer token is another agent',
    robots: ['User-agent: Ollagraph-Images', 'Disallow: /', 'User-agent: Ollagraphs', 'Disallow: /'],
    allowed: ['/a'],
  },
  {
    name: 'a shorter token is another agent',
    robots: ['User-agent: Olla', 'Disallow: /', 'User-agent: O*', 'Disallow: /'],
    allowed: ['/a'],
  },
  {
    name: 'a token with a version',
    robots: ['User-agent: Ollagraph/1.0', 'Disallow: /a'],
    disallowed: ['/a'],
  },
  {
    name: 'groups of one agent are merged',
    robots: [...ours('Disallow: /a'), 'User-agent: x', 'Disallow: /b', ...ours('Disallow: /c')],
    disallowed: ['/a', '/c'],
    allowed: ['/b'],
  },
  {
    name: '* groups are merged',
    robots: [
      'User-agent: *',
      'Disallow: /a',
      'User-agent: x',
      'Disallow: /b',
      'User-agent: *',
      'Disallow: /c',
    ],
    disallowed: ['/a', '/c'],
    allowed: ['/b'],
  },
  {
    name: 'agents that share a group',
    robots: ['User-agent: x', 'User-agent: Ollagraph', 'User-agent: y', 'Disallow: /a'],
    disallowed: ['/a'],
  },
  {
    name: 'empty lines and comments between agents',
    robots: ['User-agent: Ollagraph', '', '# more', 'User-agent: y', '', 'Disallow: /a'],
    disallowed: ['/a'],
  },
  {
    name: 'an agent after a rule begins a group',
    robots: [...ours('Disallow: /a'), 'User-agent: y', 'Disallow: /b'],
    disallowed: ['/a'],
    allowed: ['/b'],
  },
  {
    name: 'an empty rule also ends the agents',
    robots: [...ours('Disallow:'), 'User-agent: y', 'Disallow: /'],
    allowed: ['/a'],
  },
  {
    name: 'other records do not end a group',
    robots: ours(
      'Crawl-delay: 2',
      'Sitemap: https://example.com/s.xml',
      'Host: x',
      'Disallow: /a',
      'Foo: bar',
      'Disallow: /b',
    ),
    disallowed: ['/a', '/b'],
  },
  {
    name: 'other records do not end the agents',
    robots: [
      'User-agent: Ollagraph',
      'Crawl-delay: 2',
      'Sitemap: https://example.com/s.xml',
      'User-agent: y',
      'Disallow: /a',
    ],
    disallowed: ['/a'],
  },
  {
    name: 'rules before any group',
    robots: ['Disallow: /a', ...ours('Disallow: /b')],
    disallowed: ['/b'],
    allowed: ['/a'],
  },
];

const LINES: Case[] = [
  { name: 'LF', robots: 'User-agent: *\nDisallow: /a\nDisallow: /b', disallowed: ['/a', '/b'] },
  { name: 'CR', robots: 'User-agent: *\rDisallow: /a\rDisallow: /b', disallowed: ['/a', '/b'] },
  { name: 'CRLF', robots: 'User-agent: *\r\nDisallow: /a\r\nDisallow: /b\r\n', disallowed: ['/a', '/b'] },
  { name: 'a byte order mark', robots: '\uFEFFUser-agent: *\nDisallow: /a', disallowed: ['/a'] },
  {
    name: 'blanks',
    robots: ' \tUser-agent \t:\t * \n\t Disallow\t : \t/a \t',
    disallowed: ['/a'],
    allowed: ['/b'],
  },
  { name: 'no blank', robots: 'User-agent:*\nDisallow:/a', disallowed: ['/a'] },
  {
    name: 'keys in another case',
    robots: 'USER-AGENT: *\ndIsAlLoW: /\nALLOW: /a',
    allowed: ['/a'],
    disallowed: ['/b'],
  },
  { name: 'comments', robots: '# x\nUser-agent: * # all\nDisallow: /a#b', disallowed: ['/a', '/ab'] },
  { name: 'a commented rule', robots: 'User-agent: *\n#Disallow: /', allowed: ['/a'] },
  {
    name: 'lines without a colon',
    robots: 'User-agent: *\nDisallow /a\nnonsense\nDisallow: /b',
    disallowed: ['/b'],
    allowed: ['/a'],
  },
  { name: 'a value with a colon', robots: ours('Disallow: /a:b'), disallowed: ['/a:b'], allowed: ['/a'] },
  { name: 'HTML instead', robots: '<!doctype html>\n<p style="color: red">Disallow: /</p>', allowed: ['/a'] },
  {
    name: 'not UTF-8',
    robots: Buffer.from('User-agent: *\nDisallow: /\xE9\nDisallow: /b', 'latin1'),
    disallowed: ['/b', '/%E9'],
  },
];

const PRECEDENCE: Case[] = [
  {
    name: 'the example of RFC 9309, 5.2',
    robots: ours('Allow: /example/page/', 'Disallow: /example/page/disallowed.gif'),
    disallowed: ['/example/page/disallowed.gif'],
    allowed: ['/example/page/', '/example/page/x.gif', '/example'],
  },
  {
    name: 'the longest rule, first',
    robots: ours('Allow: /a/b', 'Disallow: /a'),
    allowed: ['/a/b'],
    disallowed: ['/a/c'],
  },
  {
    name: 'the longest rule, last',
    robots: ours('Disallow: /a', 'Allow: /a/b'),
    allowed: ['/a/b/c'],
    disallowed: ['/a'],
  },
  { name: 'Allow among equals, last', robots: ours('Disallow: /a', 'Allow: /a'), allowed: ['/a'] },
  { name: 'Allow among equals, first', robots: ours('Allow: /a', 'Disallow: /a'), allowed: ['/a'] },
  { name: 'a wildcard counts', robots: ours('Allow: /p', 'Disallow: /*p'), disallowed: ['/p', '/xp'] },
  {
    name: 'only the root, by $',
    robots: ours('Allow: /$', 'Disallow: /'),
    allowed: ['/'],
    disallowed: ['/a', '/?', '/?a=1', '/index.html'],
  },
  {
    name: 'length in octets, not characters',
    robots: ours('Disallow: /é', 'Allow: /*123'),
    disallowed: ['/é123'],
  },
  {
    name: 'spellings of one path are equally long',
    robots: ours('Disallow: /%E3%83%84', 'Allow: /ツ'),
    allowed: ['/ツ', '/%E3%83%84'],
  },
  {
    name: 'an encoded unreserved octet is no longer',
    robots: ours('Disallow: /%62%61%7A', 'Allow: /baz'),
    allowed: ['/baz'],
  },
  {
    name: 'merged groups compete',
    robots: [...ours('Disallow: /a/b'), ...ours('Allow: /a/b/c')],
    allowed: ['/a/b/c'],
    disallowed: ['/a/b'],
  },
];

testCases('groups', GROUPS);
testCases('lines', LINES);
testCases('precedence', PRECEDENCE);
