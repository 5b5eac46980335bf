/**
 * A rule that holds for the whole service, and its test: the file under test/ and the test's name.
 */
export type Rule = [rule: string, ...tests: [file: string, name: string][]];

/** Every outgoing connection. */
const EGRESS: Rule[] = [
  [
    'One module makes every outgoing connection; nothing else imports an HTTP client',
    ['egress/chokepoint.test.ts', 'the linter lets only src/egress import an HTTP client or open a socket'],
  ],
  [
    'A browser has no other way out than the proxy of the egress, and meets its rules',
    [
      'render/canaries.test.ts',
      'each way reaches an address that is permitted, so that the page of this test does try',
    ],
    ['render/canaries.test.ts', 'no way reaches loopback by address, nor does a page there load'],
    ['render/canaries.test.ts', 'no way reaches loopback by a name, or by one that changes its address'],
  ],
  [
    'Neither a killed browser nor a killed service leaves anything behind',
    ['render/orphans.test.ts', 'neither a killed browser nor a killed service leaves a process or a file'],
  ],
  [
    'Never the global dispatcher, never a proxy from the environment',
    ['egress/connect/targets.test.ts', 'never the global dispatcher, never a proxy from the environment'],
  ],
  [
    "A caller's proxy at a private address gets no connection, however it is written",
    ['egress/connect/callers-proxy.test.ts', 'in any spelling, behind any user name'],
    ['egress/connect/callers-proxy.test.ts', 'by a name that resolves to one, alone or among others'],
    ['egress/connect/callers-proxy.test.ts', 'by a name that is permitted once, and changes'],
  ],
  [
    'IPv4 is allowed only outside every special-purpose block',
    ['egress/connect/address.test.ts', 'IPv4 is public only outside every IANA special-purpose block'],
    ['security/doors.test.ts', 'public neighbours of every block pass, as page and as webhook'],
  ],
  [
    'IPv6 is allowed only inside 2000::/3, outside its special blocks and without a zone id',
    ['egress/connect/address.test.ts', 'IPv6 is public only inside 2000::/3 and outside its special blocks'],
    ['egress/connect/address.test.ts', 'IPv4-mapped, NAT64 and 6to4 forms are refused, whatever they embed'],
  ],
  [
    'What cannot be parsed is refused',
    ['egress/connect/address.test.ts', 'anything unparsable is refused, and a zone id too'],
    ['security/doors.test.ts', 'every spelling is one that the URL parser takes for the address'],
  ],
  [
    'The connection itself resolves a name, once, and connects to the address it checked',
    [
      'egress/connect/targets.test.ts',
      'the name is resolved once for a connection, which goes to the address that was checked',
    ],
    ['security/doors.test.ts', 'a name that rebinds between the check and the connection'],
  ],
  [
    'If any answer of the DNS is not public, the name is refused',
    [
      'egress/connect/targets.test.ts',
      'if any answer is not public the name is refused, and nothing is connected to',
    ],
  ],
  [
    'IP literals are checked in the connector, and the remote address after connecting',
    ['egress/connect/targets.test.ts', 'an address that is not public is refused as an IP literal too'],
    ['egress/connect/targets.test.ts', 'the remote address is checked again after connecting'],
  ],
  [
    'Only ALLOW_PRIVATE_TARGETS and ALLOW_PRIVATE_WEBHOOKS are exceptions: empty, logged and separate',
    ['egress/connect/address.test.ts', 'the allowed networks are the only exceptions'],
    ['egress/connect/targets.test.ts', 'ALLOW_PRIVATE_TARGETS opens pages and never webhooks'],
    ['egress/connect/targets.test.ts', 'ALLOW_PRIVATE_WEBHOOKS opens webhooks and never pages'],
    ['config/config.test.ts', 'the defaults are those of the contract'],
    [
      'security/rules.test.ts',
      'the log of the start names the open private networks and a missing SECRET_KEY',
    ],
  ],
  [
    'Only http and https (webhooks: https), no userinfo, and no port of a service that is not HTTP',
    ['egress/url-policy.test.ts', 'only http and https'],
    ['egress/url-policy.test.ts', 'no userinfo'],
    ['egress/url-policy.test.ts', 'ports 80, 443 and from 1024 up, except those of well-known services'],
    ['egress/connect/targets.test.ts', 'webhooks: only https, no userinfo, the same ports'],
  ],
  [
    'Redirects are followed by hand, at most 10, each hop checked like the first',
    ['egress/fetch-page.test.ts', 'redirects are followed by hand, at most 10, with each target named'],
    ['egress/connect/targets.test.ts', 'each hop of a redirect is checked like the first'],
  ],
  [
    'Credentials are dropped across origins',
    [
      'egress/fetch-page.test.ts',
      'Authorization, Cookie and possible credentials are dropped across origins, for good',
    ],
  ],
  ['Webhooks follow no redirect', ['egress/connect/targets.test.ts', 'webhooks follow no redirect']],
  [
    'A refusal says one opaque code; the address goes only to the log',
    ['egress/connect/targets.test.ts', 'a refusal says one opaque code; the address goes only to the log'],
    ['security/doors.test.ts', 'the door of a single page, and all that its caller hears'],
  ],
  [
    'All of this holds at every door',
    ['security/doors.test.ts', 'the door of a queued batch'],
    ['security/doors.test.ts', 'the door of a batch that is answered at once'],
    ['security/doors.test.ts', 'the door of a redirect'],
    ['security/doors.test.ts', 'the door of robots.txt'],
    ['security/doors.test.ts', "the door of a crawl's first page"],
    ['security/doors.test.ts', 'the door of a link that a crawl finds'],
    ['security/doors.test.ts', 'the door of a sitemap, of its entries, and of the sitemaps that it names'],
    ['security/doors.test.ts', 'the door of a canonical URL, and of whatever else a page names'],
    ['security/doors.test.ts', 'the doors of a webhook when it is given, and when it is tested'],
    ['security/doors.test.ts', 'the door of a webhook at its delivery'],
  ],
];

/** What servers answer. */
const OTHER_SIDE: Rule[] = [
  [
    'One deadline covers DNS, connecting, headers, body and decoding',
    ['egress/hostile-origin.test.ts', 'the deadline covers the DNS'],
    ['egress/hostile-origin.test.ts', 'the deadline covers connecting'],
    ['egress/hostile-origin.test.ts', 'the deadline covers the TLS handshake'],
    ['egress/hostile-origin.test.ts', 'the deadline covers a head that drips'],
    ['egress/hostile-origin.test.ts', 'the deadline covers a body that drips'],
    [
      'egress/hostile-origin.test.ts',
      'the deadline covers 103s that drip; a flood of them is an invalid answer',
    ],
    ['egress/hostile-origin.test.ts', 'the deadline covers decoding'],
  ],
  [
    'Bytes on the wire and decoded bytes are capped',
    ['egress/hostile-origin.test.ts', 'the wire bytes are capped: a flood of chunk extensions'],
    ['limits/decoding.test.ts', 'the decoded bytes are capped: bombs in every coding, nested too'],
  ],
  [
    'A status below 100, more than 1,000 fields and a head over 256 KiB are refused',
    ['egress/hostile-origin.test.ts', 'a status below 100 is refused, and so is an upgrade nobody asked for'],
    ['egress/hostile-origin.test.ts', 'more than 1,000 fields are refused, and so is a head over 256 KiB'],
  ],
  [
    'An unknown charset falls back and never throws',
    ['scrape/decode.test.ts', 'unknown, empty and dangerous labels count as none'],
  ],
  [
    'Parsing is off the event loop, in threads with a heap limit and a kill timer',
    ['limits/broken-thread.test.ts', 'a page that takes too long to read fails alone with parse_timeout'],
    ['limits/broken-thread.test.ts', 'a page that exceeds the memory of its reader fails alone'],
    ['workers/restart.test.ts', 'a thread that does not start is restarted after growing pauses'],
    ['limits/hostile/pages.test.ts', 'hostile documents: each is read in time, and others notice nothing'],
  ],
  [
    'Depth is flattened beyond 512',
    ['scrape/dom/dom.test.ts', 'beyond the limit, elements become siblings and keep their text in order'],
  ],
  [
    "Of a receiver's answer at most 1 KiB is kept, then the socket is dropped",
    ['egress/post.test.ts', 'at most 1 KiB of the answer is kept, then the socket is dropped'],
  ],
  [
    'Retry-After is clamped',
    [
      'webhooks/send/retry.test.ts',
      'Retry-After is honoured up to the length of the next step, and never shortens a wait',
    ],
    ['webhooks/send/retry.test.ts', 'Retry-After: seconds or a date; anything else is nothing'],
  ],
  [
    'No cookie jar, cache entry or keep-alive credential crosses tenants',
    [
      'egress/fetch-page.test.ts',
      'only requests with the same credentials share a connection, and no cookie is kept',
    ],
    [
      'api/scrape.test.ts',
      'max_age_seconds takes an own earlier result with the same options, and only that',
    ],
  ],
  [
    'Every failure is a typed error in time, and others notice nothing',
    [
      'limits/hostile/pages.test.ts',
      'hostile origins: each ends in its typed error in time, and others notice nothing',
    ],
    [
      'limits/hostile/pages.test.ts',
      'hostile receivers: each attempt ends in its typed error in time, and others get theirs',
    ],
    [
      'limits/hostile/crawls.test.ts',
      'hostile robots and sitemaps: each crawl ends, and others notice nothing',
    ],
    ['limits/hostile/crawls.test.ts', 'two hundred hosts that drip: others notice nothing'],
    ['security/tls.test.ts', 'TLS of every broken kind: certificates that do not vouch for the host'],
    ['security/tls.test.ts', 'TLS of every broken kind: handshakes that cannot succeed'],
  ],
];

/** What strangers send. */
const REQUESTS: Rule[] = [
  [
    'Bodies are UTF-8, fit a strict schema, nest at most 32 deep and are capped in size by route',
    ['http/problems.test.ts', 'what is not JSON in UTF-8 is a 400'],
    ['http/problems.test.ts', 'deep nesting in metadata is refused, and costs no time'],
    ['http/problems.test.ts', 'a body that is too large is a 413, also when it is small on the wire'],
    ['security/api-fuzz.test.ts', 'a request that is refused is no failure of ours, and writes nothing'],
  ],
  [
    'U+0000 and lone surrogates are refused in requests and stripped from pages',
    ['scrape/decode.test.ts', 'U+0000 and lone surrogates never leave'],
    ['security/api-fuzz.test.ts', 'a request that is refused is no failure of ours, and writes nothing'],
  ],
  [
    'What is signed is stored as it was',
    ['webhooks/callback.test.ts', 'metadata comes back as it was given'],
    ['webhooks/attempts.test.ts', 'a stored result that changed is not sent'],
  ],
  [
    'No index holds what strangers make long, and no statement has a parameter for each of many',
    ['security/rules.test.ts', 'URLs of thousands of characters fit the indexes, in a batch and in a crawl'],
    ['jobs/create.test.ts', '100,000 URLs in one request are accepted, and one more is refused'],
  ],
  [
    '__proto__ and constructor are refused as keys',
    ['security/rules.test.ts', 'a key that names the prototype is refused wherever it stands'],
  ],
  [
    'No pattern of a caller is slow enough to hold up a thread',
    ['limits/slow-patterns.test.ts', 'patterns that are slow to compare hold up no thread'],
  ],
  [
    'Requests that are not HTTP are refused',
    ['security/api-fuzz.test.ts', 'requests that are not HTTP, or want to be two, are refused'],
  ],
];

/** Accounts and secrets. */
const ACCOUNTS: Rule[] = [
  [
    'A link to a result opens these bytes until it expires, and nothing else; guessing is slowed down',
    ['webhooks/links.test.ts', 'a link that was changed is refused, and one that is none does not exist'],
    ['webhooks/links.test.ts', 'an address that guesses signatures waits, and what it sent is in no log'],
    ['webhooks/links.test.ts', 'a link expires'],
  ],
  [
    'API keys are stored as SHA-256, compared in constant time, shown once and revoked at once',
    ['security/secrets.test.ts', 'API keys are kept as the SHA-256 of a random secret'],
    ['security/secrets.test.ts', 'keys and tokens are compared in constant time'],
    ['service/start.test.ts', 'npm start on a fresh machine: a key'],
    ['http/problems.test.ts', 'no key, a wrong key, a revoked key and another scheme are the same 401'],
  ],
  [
    'Webhook secrets are encrypted at rest, bound to their account',
    ['security/secrets.test.ts', 'webhook secrets are encrypted at rest where SECRET_KEY is set'],
    ['accounts/secrets.test.ts', 'a sealed secret opens for its account and key alone'],
  ],
  [
    "Everything is scoped by account: another's id is a 404 identical to a missing one",
    [
      'security/api-fuzz.test.ts',
      "every route with another account's id gives the 404 of an id that does not exist",
    ],
    ['security/api-fuzz.test.ts', "every list is the account's own, whatever cursor and filter it is given"],
    ['api/idempotency.test.ts', "another account's same key is another key"],
    ['console/access.test.ts', "another account's jobs, pages, deliveries and endpoints are not there"],
  ],
  [
    'Logs and errors hold no secret',
    ['security/secrets.test.ts', 'canary secrets are in no line of the log'],
    ['security/secrets.test.ts', 'canary secrets are in no answer to a request that was refused'],
    ['security/secrets.test.ts', 'canary secrets are in the database only where the work needs them'],
  ],
  [
    'Pages have a strict policy and ask no other host',
    ['console/access.test.ts', 'pages allow nothing from elsewhere, nothing inline, and no cache'],
    [
      'docs/pages.test.ts',
      'the pages need no key, allow no inline script and name no other host to load from',
    ],
    ['api/health.test.ts', 'answers carry the headers that keep a browser from doing something foolish'],
  ],
  [
    "/metrics and the operator's views need ADMIN_TOKEN; unset, they are off",
    ['api/metrics.test.ts', 'metrics are for the operator alone'],
    ['api/metrics.test.ts', 'without an ADMIN_TOKEN there are none'],
    ['console/access.test.ts', 'operators get in with ADMIN_TOKEN alone, accounts never'],
  ],
];

export const RULES: Rule[] = [...EGRESS, ...OTHER_SIDE, ...REQUESTS, ...ACCOUNTS];
