import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockVerdict } from '../../../src/scrape/block/index.ts';
import { parseHtml } from '../../../src/scrape/dom/index.ts';
import type { Hop } from '../../../src/scrape/types.ts';

interface Case {
  status?: number;
  headers?: Record<string, string>;
  html?: string;
  text?: string;
  url?: string;
  hops?: Hop[];
}

function verdictOf({ status = 200, headers = {}, html, text, url, hops = [] }: Case) {
  const answer = { url: url ?? 'https://example.com/page', status, headers, hops };
  return blockVerdict(answer, html === undefined ? (text ?? null) : parseHtml(html, 'html'));
}

function told(answer: Case): string | null {
  const verdict = verdictOf(answer);
  return verdict && `${verdict.vendor} ${verdict.kind}`;
}

const wait = '<title>One moment</title><p>Please wait.</p>';

/** Block pages as the vendors build them, in words of our own. */
const BLOCKS: [told: string, answer: Case][] = [
  ['cloudflare challenge', { status: 403, headers: { 'cf-mitigated': 'challenge' } }],
  ['cloudflare challenge', { html: `${wait}<script>window._cf_chl_opt={cvId:'3'}</script>` }],
  [
    'cloudflare challenge',
    {
      status: 503,
      html: `${wait}<form id="challenge-form" action="/page?__cf_chl_f_tk=x" method="POST"></form>`,
    },
  ],
  [
    'cloudflare denied',
    { status: 403, html: '<div id="cf-wrapper"><div id="cf-error-details">No.</div></div>' },
  ],
  ['cloudflare rate_limited', { status: 429, html: '<div id="cf-error-details">Too fast.</div>' }],
  ['akamai denied', { status: 403, headers: { server: 'AkamaiGHost' }, html: '<h1>No</h1>' }],
  ['akamai denied', { status: 403, html: '<p>https://errors.edgesuite.net/18.2</p>' }],
  ['akamai challenge', { status: 428, html: '<div id="sec-if-cpt-container"></div>' }],
  ['akamai challenge', { html: `<meta http-equiv="Refresh" content="5; URL='/?bm-verify=AAQ'">` }],
  [
    'datadome captcha',
    { status: 403, html: '<iframe src="https://geo.captcha-delivery.com/captcha/?a"></iframe>' },
  ],
  ['datadome challenge', { html: '<script src="https://ct.captcha-delivery.com/i.js"></script>' }],
  ['datadome captcha', { status: 403, text: '{"url":"https://geo.captcha-delivery.com/captcha/?a=1"}' }],
  ['datadome denied', { status: 403, headers: { 'x-datadome': 'protected' } }],
  ['human captcha', { status: 403, html: '<div id="px-captcha"></div>' }],
  ['human captcha', { text: '{"appId":"PXabc","blockScript":"/abc/captcha.js"}' }],
  [
    'imperva denied',
    { status: 403, html: '<iframe id="main-iframe" src="/_Incapsula_Resource?incident_id=1"></iframe>' },
  ],
  ['imperva challenge', { html: '<script src="/_Incapsula_Resource?SWJIYLWA=71"></script>' }],
  ['sucuri challenge', { html: "<script>var s={},sucuri_cloudproxy_js='',S='eA=='</script>" }],
  ['sucuri denied', { status: 403, headers: { 'x-sucuri-block': 'geo' } }],
  ['aws_waf challenge', { status: 202, headers: { 'x-amzn-waf-action': 'challenge' } }],
  ['aws_waf captcha', { status: 405, headers: { 'x-amzn-waf-action': 'captcha' } }],
  ['aws_waf challenge', { html: '<script>window.gokuProps={}</script><div id="challenge-container"></div>' }],
  ['aws_waf denied', { status: 403, headers: { server: 'awselb/2.0' }, html: '<h1>403</h1>' }],
  [
    'kasada challenge',
    { status: 429, html: '<script>window.KPSDK={}</script><script src="/a/ips.js?b"></script>' },
  ],
  [
    'hcaptcha captcha',
    { html: '<form><div class="h-captcha" data-sitekey="k"></div><button>Go on</button></form>' },
  ],
  ['recaptcha captcha', { status: 429, html: '<form><div id="recaptcha" class="g-recaptcha"></div></form>' }],
  ['turnstile captcha', { html: '<p>Are you one?</p><div class="cf-turnstile" data-sitekey="k"></div>' }],
  ['null rate_limited', { status: 429, headers: { 'retry-after': '5' }, html: '<p>Slow down.</p>' }],
  ['turnstile captcha', { html: '<p>One step</p><div id="w"></div><script>turnstile.render("#w")</script>' }],
  ['geetest captcha', { html: '<div id="c"></div><script>initGeetest4({captchaId:"x"})</script>' }],
  ['friendly_captcha captcha', { html: '<p>Wait</p><form><div class="frc-captcha"></div></form>' }],
  [
    'human captcha',
    {
      html: '<p>Wait</p><script>window._pxAppId="PX1"</script><script src="/PX1/captcha/captcha.js"></script>',
    },
  ],
  [
    'arkose captcha',
    { status: 403, html: '<script src="https://client-api.arkoselabs.com/v2/K/api.js"></script>' },
  ],
  ['reblaze challenge', { html: '<script>window.rbzns={seed:"x"}</script>' }],
  [
    'wordfence denied',
    { status: 503, html: '<p>No access</p><a href="https://www.wordfence.com/">By its firewall</a>' },
  ],
  [
    'null login',
    {
      url: 'https://login.idp.example/authorize?redirect_uri=https%3A%2F%2Fexample.com%2Fcb',
      hops: [{ url: 'https://example.com/page', status: 302 }],
      html: '<form><input type="email"></form>',
    },
  ],
  ['null login', { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' }, html: '<p>Who?</p>' }],
  [
    'null login',
    {
      url: 'https://example.com/account?next=%2Freports%2F7',
      hops: [{ url: 'https://example.com/reports/7', status: 302 }],
      html: '<form method="post"><input name="user"><input type="password" name="word"></form>',
    },
  ],
  ['f5 denied', { html: '<p>No. Your support ID is: 17</p><a href="javascript:history.back();">Back</a>' }],
  [
    'linkedin login',
    { status: 999, html: '<script>location.href="https://www.linkedin.com/authwall?a"</script>' },
  ],
  [
    'reddit denied',
    { status: 403, headers: { server: 'snooserv' }, html: '<h1>whoa there, pardner!</h1><p>No.</p>' },
  ],
  ['aliyun captcha', { url: 'https://a.test/p/_____tmd_____/punish?x5step=1', html: '<div></div>' }],
  [
    'aliyun captcha',
    { html: '<script>location.replace("https://a.test:443//p/_____tmd_____/punish?a")</script>' },
  ],
  ['qrator challenge', { status: 401, html: '<script src="/__qrator/qauth.js"></script>' }],
  ['qrator denied', { status: 403, headers: { server: 'QRATOR' }, html: '<h1>403</h1>' }],
  ['stackpath challenge', { html: `${wait}<script src="/sbbi/?sbbpg=sbbShell"></script>` }],
  ['tencent challenge', { html: '<script src="/__TENCENT_CHAOS_VM.js"></script>' }],
  ['azure challenge', { status: 403, html: `${wait}<script src="/.azwaf/c.js"></script>` }],
  [
    'azure denied',
    { status: 403, headers: { 'x-azure-ref': '0a' }, html: '<h2>The request is blocked.</h2>' },
  ],
  ['bunny challenge', { status: 403, html: `${wait}<script src="/.bunny-shield/c.js"></script>` }],
  ['modsecurity denied', { status: 406, html: '<p>This error was generated by Mod_Security.</p>' }],
];

test('block pages of each vendor are recognised by their structure', () => {
  for (const [expected, answer] of BLOCKS) assert.equal(told(answer), expected, JSON.stringify(answer));
});

const article = `<article>${'<p>A sentence of an ordinary article.</p>'.repeat(200)}</article>`;
const field = '<input name="email" type="email">';

/** Pages that a visitor wants, with what only looks like a mark. */
const PAGES: Record<string, Case> = {
  'an answer of the site behind azure': {
    status: 403,
    headers: { 'x-azure-ref': '0a' },
    html: '<h1>Members only</h1>',
  },
  'an article about support': {
    html: `${article}<p>Your support ID is: 17</p><a href="javascript:history.back()">Back</a>`,
  },
  'an article about mod_security': { html: `${article}<p>Is generated by Mod_Security.</p>` },
  'a page with scripts of several vendors': {
    html: `${article}<script src="/sbbi/?a"></script><script src="/__qrator/a.js"></script><script src="/.azwaf/a.js"></script>`,
  },
  'a contact form with a captcha': { html: `<form>${field}<div class="g-recaptcha"></div></form>` },
  'an invisible captcha': { html: '<p>Text</p><div class="g-recaptcha" data-size="invisible"></div>' },
  'an article with a captcha under it': { html: `${article}<div class="h-captcha"></div>` },
  'an article about challenges': { html: `${article}<pre>window._cf_chl_opt = {}</pre>` },
  'a page that quotes a mark in its data': {
    html: '<p>Text</p><script type="application/json">{"code": "_cf_chl_opt gokuProps"}</script>',
  },
  'a long page whose script quotes a mark': { html: `${article}<script>push("_cf_chl_opt")</script>` },
  'detection on an ordinary Cloudflare page': {
    headers: { server: 'cloudflare', 'set-cookie': '__cf_bm=x' },
    html: '<p>Text</p><script>a.src="/cdn-cgi/challenge-platform/scripts/jsd/main.js"</script>',
  },
  'an origin that fails behind Cloudflare': { status: 502, html: '<div id="cf-error-details">Bad</div>' },
  'a refusal of the origin itself': {
    status: 403,
    headers: { server: 'cloudflare' },
    html: '<h1>Private</h1>',
  },
  'sensors on ordinary pages': {
    headers: {
      'x-datadome': 'protected',
      'set-cookie': 'datadome=x; _abck=y; incap_ses_1=z',
      server: 'AkamaiGHost',
    },
    html: '<p>Text</p><script src="https://js.datadome.co/tags.js"></script><script>KPSDK.configure([])</script>',
  },
  'an Imperva script on a page with text': {
    html: `${article}<script src="/_Incapsula_Resource?SWJIYLWA=71"></script>`,
  },
  'a form with a captcha that a script shows': {
    html: '<input name="mail"><script>turnstile.render("#w")</script>',
  },
  'a page that another leads to': {
    url: 'https://example.com/authors/jane?from=/page',
    hops: [{ url: 'https://example.com/author/jane', status: 301 }],
    html: '<input type="search"><p>Jane writes.</p>',
  },
  'a link to sign in': { html: '<a href="/login">Sign in</a><p>Text</p>' },
  'the form that was asked for': { url: 'https://example.com/login', html: '<input type="password">' },
  'a sign-in page under a new address': {
    url: 'https://example.com/login/',
    hops: [{ url: 'https://example.com/login', status: 301 }],
    html: '<input type="password">',
  },
  'a moved page with a small form to sign in': {
    url: 'https://example.com/new',
    hops: [{ url: 'https://example.com/old', status: 301 }],
    html: '<p>Text</p><form><input type="password"></form>',
  },
  maintenance: { status: 503, headers: { 'retry-after': '60' }, html: '<p>Back soon.</p>' },
  'no body': { status: 204 },
};

test('no page that is wanted counts as a block page', () => {
  for (const [name, answer] of Object.entries(PAGES)) assert.equal(verdictOf(answer), null, name);
});

test('the evidence names what was found', () => {
  const html = '<script>window.gokuProps={}</script><div id="captcha-container"></div>';
  assert.equal(verdictOf({ html })?.evidence, 'inline script gokuProps, id captcha-container');
});
