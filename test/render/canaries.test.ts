import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { browserUser } from '../../src/render/browser-user.ts';
import type { RenderRequest } from '../../src/render/messages.ts';
import { CHROMIUM, noBrowser, noShell, SHELL } from '../support/browser/browser.ts';
import { startRemoteBrowser } from '../support/browser/remote.ts';
import { listen } from '../support/net/listen.ts';
import { startDns, type FakeDns } from '../support/net/dns.ts';
import type { GuardedPages } from './guarded-page.ts';

/** The one address that pages may reach. Canaries listen on others of loopback. */
const OPEN = '127.0.0.2';
const CLOSED = '127.0.0.1';

/** Another than that of a run beside this one. */
const LINK_LOCAL = `169.254.${randomInt(1, 255)}.${randomInt(1, 255)}`;
const run = promisify(execFile);
/** Gives loopback the address, or takes it away. False where this machine does not let us. */
const changeLoopback = async (how: 'add' | 'del') =>
  await run('ip', ['addr', how, `${LINK_LOCAL}/32`, 'dev', 'lo']).then(
    () => true,
    () => false,
  );

/** Ways in which a page makes a browser connect, each to a path of its own. */
const WAYS = (
  to: string,
  udp: number,
  otherSite: string,
) => `<!doctype html><title>Ways out</title><main><p>A page that tries.</p></main>
<link rel="preconnect" href="http://${to}/"><link rel="dns-prefetch" href="//prefetched.test">
<link rel="stylesheet" href="http://${to}/style"><link rel="icon" href="http://${to}/icon">
<img src="http://${to}/img"><img src="/redirect?to=${to}"><video src="http://${to}/video" preload="auto"></video>
<object data="http://${to}/object" type="text/html"></object>
<iframe src="http://${to}/iframe"></iframe>
<iframe src="/refresh?to=${to}"></iframe>
<iframe src="data:text/html,<img src=http://${to}/data>"></iframe>
<iframe src="file:///etc/passwd"></iframe>
<iframe src="${otherSite}/redirect?to=${to}&as=framed"></iframe>
<iframe sandbox="allow-scripts" srcdoc="<img src='http://${to}/sandboxed'>"></iframe>
<iframe sandbox="allow-scripts" src="${otherSite}/redirect?to=${to}&as=sandboxed-other"></iframe>
<script type="speculationrules">{
  "prefetch": [{ "urls": ["http://${to}/prefetched", "/redirect?to=${to}&as=prefetched"], "eagerness": "immediate" }],
  "prerender": [{ "urls": ["http://${to}/prerendered", "/refresh?to=${to}"], "eagerness": "immediate" }]
}</script>
<form target="formed" method="post" action="http://${to}/form"></form><iframe name="formed"></iframe>
<script>
  const to = 'http://${to}';
  fetch(to + '/fetch', { mode: 'no-cors' }).catch(() => {});
  const request = new XMLHttpRequest();
  request.open('GET', to + '/xhr');
  request.send();
  new WebSocket('ws://${to}/ws');
  new EventSource(to + '/events');
  navigator.sendBeacon(to + '/beacon');
  document.forms[0].submit();
  window.open(to + '/open');
  import(to + '/module').catch(() => {});
  const frame = document.createElement('iframe');
  frame.src = URL.createObjectURL(new Blob(['<img src="' + to + '/blob">'], { type: 'text/html' }));
  document.body.append(frame);
  new Worker(URL.createObjectURL(new Blob(['fetch("' + to + '/worker", { mode: "no-cors" })'])));
  navigator.serviceWorker?.register('/service-worker.js?to=${to}').catch(() => {});
  const peer = new RTCPeerConnection({ iceServers: [
    { urls: ['stun:${to.split(':')[0]}:${udp}', 'stun:stunned.test:${udp}'] },
    { urls: 'turn:turned.test:${udp}?transport=tcp', username: 'u', credential: 'c' },
  ] });
  peer.createDataChannel('x');
  peer.createOffer().then((offer) => peer.setLocalDescription(offer));
  new WebTransport('https://${to.split(':')[0]}:${udp}/').ready.catch(() => {});
  (async () => {
    const [caller, called] = [new RTCPeerConnection(), new RTCPeerConnection()];
    caller.createDataChannel('x');
    await caller.setLocalDescription(await caller.createOffer());
    await called.setRemoteDescription(caller.localDescription);
    await called.setLocalDescription(await called.createAnswer());
    await caller.setRemoteDescription(called.localDescription);
    const candidate = 'candidate:1 1 udp 2122260223 candidate.test 9 typ host';
    await caller.addIceCandidate({ candidate, sdpMid: '0', sdpMLineIndex: 0 });
  })();
</script>`;

/**
 * What an open canary sees of them. The others are no requests of their own, or are cut off early.
 */
const SEEN = [
  'beacon', 'blob', 'data', 'events', 'fetch', 'form', 'framed', 'iframe', 'img', 'module', 'object', 'redirected',
  'refreshed', 'sandboxed', 'sandboxed-other', 'style', 'video', 'worker', 'ws', 'xhr',
]; // prettier-ignore

/** Names that the browser itself may look up where nothing keeps it from that. */
const LOOKED_UP = /(?:prefetched|stunned|turned|candidate)\.test/;

/** What a browser's log of the network says of the names that it has looked up. */
function lookups(log: string): string {
  const { constants, events } = JSON.parse(log) as {
    constants: { logEventTypes: Record<string, number> };
    events: { type: number; params?: object }[];
  };
  const types = new Set(
    Object.entries(constants.logEventTypes).flatMap(([name, type]) =>
      name.startsWith('HOST_RESOLVER') ? [type] : [],
    ),
  );
  return events.flatMap(({ type, params }) => (types.has(type) ? [JSON.stringify(params)] : [])).join('\n');
}

const REQUEST: Omit<RenderRequest, 'url'> = {
  headers: {},
  cookies: [],
  keepsCookies: false,
  userAgent: 'Canary',
  skipTlsVerification: false,
  timeoutMs: 15_000,
  asks: false,
  via: null,
  payer: 'acct_1',
  options: {
    wait_for: 'network_idle',
    viewport: { width: 800, height: 600 },
    mobile: false,
    locale: null,
    timezone: null,
    block: [],
    actions: [],
    scroll_to_end: false,
  },
};

/** Where the pages of the test try to connect. */
interface Canary {
  port: number;
  connections: number;
  paths: Set<string>;
  close(): void;
}

/** Listens, and says what came. */
async function startCanary(host: string): Promise<Canary> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    canary.connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', (bytes) => {
      canary.paths.add(/^\S+ \/(\S*)/.exec(bytes.toString('latin1'))?.[1] ?? '');
      socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\nAccess-Control-Allow-Origin: *\r\n\r\n');
    });
  });
  const port = await listen(server, host);
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  const canary = { port, connections: 0, paths: new Set<string>(), close };
  return canary;
}

describe('ways out of the browser', { skip: noBrowser }, () => {
  /** The same site at an address that is permitted, and at one that is not. */
  const sites: Server[] = [];
  let permitted = '';
  let forbidden = '';
  let dns: FakeDns;
  let packets = 0;
  const udp = createSocket('udp4').on('message', () => void packets++);

  const answerAll: RequestListener = (request, response) => {
    const { pathname, searchParams } = new URL(request.url!, permitted);
    const target = searchParams.get('to') ?? '';
    const answers: Record<string, () => void> = {
      '/redirect': () =>
        response
          .writeHead(302, { location: `http://${target}/${searchParams.get('as') ?? 'redirected'}` })
          .end(),
      '/refresh': () =>
        response
          .setHeader('content-type', 'text/html')
          .end(`<meta http-equiv="refresh" content="0;url=http://${target}/refreshed">`),
      '/service-worker.js': () =>
        response
          .setHeader('content-type', 'text/javascript')
          .end(`self.addEventListener('install', () => fetch('http://${target}/service-worker'));`),
    };
    const page = WAYS(target, udp.address().port, `http://other.test:${new URL(permitted).port}`);
    const answer = answers[pathname] ?? (() => response.setHeader('content-type', 'text/html').end(page));
    answer();
  };

  const start = async (host: string) => {
    const site = createServer(answerAll);
    sites.push(site);
    return `http://${host}:${await listen(site, host)}`;
  };

  before(async () => {
    udp.bind(0, CLOSED);
    await once(udp, 'listening');
    let asked = 0;
    dns = await startDns({
      'other.test': { a: [OPEN] },
      'inside.test': { a: [CLOSED] },
      'linked.test': { a: [LINK_LOCAL] },
      // The first answer is permitted, the later ones are not.
      'rebinding.test': ({ type }) => ({ a: type === 'A' && asked++ === 0 ? [OPEN] : [CLOSED] }),
    });
    [permitted, forbidden] = [await start(OPEN), await start(CLOSED)];
  });
  after(async () => {
    udp.close();
    for (const site of sites) site.close().closeAllConnections();
    await dns.close();
  });

  /** A page that tries all ways to an address, on a site. */
  interface Attempt {
    to: string;
    site?: string;
    /** Whether the page is refused, being at no permitted address itself. */
    refused?: boolean;
  }

  interface Browsing {
    /** The guards that are left out. */
    without?: string[];
    chromium?: string;
    /** The DevTools address of a browser elsewhere, used instead. */
    remote?: string | null;
  }

  /**
   * Renders the pages one after the other in one browser, all but those that must be refused.
   * Returns the names that the browser looked up.
   */
  async function render(
    attempts: Attempt[],
    { without = [], chromium = CHROMIUM, remote = null }: Browsing = {},
  ): Promise<string> {
    const user = await browserUser();
    const directory = await mkdtemp('/tmp/ollagraph-guards-');
    if (user) await chown(directory, user.uid, user.gid);
    const netLog = join(directory, 'net.json');
    const given: GuardedPages = {
      chromium,
      remote,
      directory,
      user,
      allowTargets: [`${OPEN}/32`],
      dnsServers: [dns.server],
      without,
      netLog,
      requests: attempts.map(({ to, site = permitted }) => ({ ...REQUEST, url: `${site}/?to=${to}` })),
    };
    try {
      const script = new URL('./guarded-page.ts', import.meta.url).pathname;
      const { stdout } = await run(process.execPath, [script, JSON.stringify(given)], {
        env: { TMPDIR: directory },
      });
      const failures = JSON.parse(stdout) as (string | null)[];
      for (const [n, { refused = false }] of attempts.entries())
        if (refused) assert.match(failures[n] ?? 'it was rendered', /blocked_target/);
        else assert.equal(failures[n], null);
      return remote === null ? lookups(await readFile(netLog, 'utf8')) : '';
    } finally {
      await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  test('each way reaches an address that is permitted, so that the page of this test does try', async () => {
    const canary = await startCanary(OPEN);
    await render([{ to: `${OPEN}:${canary.port}` }]);
    canary.close();
    assert.deepEqual(
      SEEN.filter((path) => !canary.paths.has(path)),
      [],
    );
    assert.ok(!canary.paths.has('service-worker'), 'a service worker would outlive its page');
  });

  test('no way reaches loopback by address, nor does a page there load', async () => {
    const canary = await startCanary(CLOSED);
    packets = 0;
    const to = `${CLOSED}:${canary.port}`;
    const names = await render([{ to }, { to, site: forbidden, refused: true }]);
    canary.close();
    assert.deepEqual([canary.connections, packets, [...canary.paths]], [0, 0, []]);
    assert.doesNotMatch(names, LOOKED_UP);
  });

  test('no way reaches loopback by a name, or by one that changes its address', async () => {
    const canary = await startCanary(CLOSED);
    const { port } = canary;
    await render([{ to: `inside.test:${port}` }, { to: `rebinding.test:${port}` }]);
    canary.close();
    assert.deepEqual([canary.connections, [...canary.paths]], [0, []]);
  });

  test('no way reaches an address that is link-local', async (t) => {
    if (!(await changeLoopback('add')))
      return t.skip('this machine gives loopback no address that is link-local');
    try {
      const canary = await startCanary(LINK_LOCAL);
      const inside = await start(LINK_LOCAL);
      const to = `${LINK_LOCAL}:${canary.port}`;
      await render([{ to }, { to: `linked.test:${canary.port}` }, { to, site: inside, refused: true }]);
      canary.close();
      assert.deepEqual([canary.connections, [...canary.paths]], [0, []]);
    } finally {
      assert.ok(await changeLoopback('del'));
    }
  });

  test('no way reaches loopback from the headless shell', { skip: noShell }, async () => {
    const canary = await startCanary(CLOSED);
    packets = 0;
    const names = await render([{ to: `${CLOSED}:${canary.port}` }], { chromium: SHELL });
    canary.close();
    assert.deepEqual([canary.connections, packets, [...canary.paths]], [0, 0, []]);
    assert.doesNotMatch(names, LOOKED_UP);
  });

  for (const [name, chromium, missing] of [
    ['a browser', CHROMIUM, noBrowser],
    ['a headless shell', SHELL, noShell],
  ] as const)
    test(
      `no way reaches loopback from ${name} elsewhere, which has no guards of its own`,
      {
        skip: missing,
      },
      async () => {
        await using browser = await startRemoteBrowser(chromium);
        const remote = browser.url;
        const open = await startCanary(OPEN);
        await render([{ to: `${OPEN}:${open.port}` }], { remote });
        open.close();
        assert.deepEqual(
          SEEN.filter((path) => !open.paths.has(path)),
          [],
        );
        const canary = await startCanary(CLOSED);
        packets = 0;
        const to = `${CLOSED}:${canary.port}`;
        const named = ['inside.test', 'rebinding.test'].map((host) => ({ to: `${host}:${canary.port}` }));
        await render([{ to }, { to, site: forbidden, refused: true }, ...named], { remote });
        canary.close();
        assert.deepEqual([canary.connections, packets, [...canary.paths]], [0, 0, []]);
      },
    );

  test('without its flag WebRTC gets out of the headless shell', { skip: noShell }, async () => {
    packets = 0;
    const without = ['--force-webrtc-ip-handling-policy'];
    await render([{ to: `${CLOSED}:9` }], { without, chromium: SHELL });
    assert.ok(packets > 0);
  });

  const GUARDS: [flag: string, site: () => string, fails: (canary: Canary) => boolean][] = [
    ['--proxy-server', () => forbidden, (canary) => canary.connections > 0],
    ['--proxy-bypass-list', () => forbidden, (canary) => canary.connections > 0],
    ['--webrtc-ip-handling-policy', () => permitted, () => packets > 0],
  ];
  for (const [flag, where, gotOut] of GUARDS)
    test(`without ${flag} something gets out`, async () => {
      const canary = await startCanary(CLOSED);
      packets = 0;
      await render([{ to: `${CLOSED}:${canary.port}`, site: where() }], { without: [flag] });
      canary.close();
      assert.ok(gotOut(canary));
    });

  test('what would go past the proxy finds no host but that of the proxy', async () => {
    const canary = await startCanary(OPEN);
    const attempt = { to: `${OPEN}:${canary.port}`, site: forbidden };
    await render([attempt], { without: ['--proxy-server'] });
    assert.equal(canary.connections, 0);
    await render([attempt], { without: ['--proxy-server', '--host-resolver-rules'] });
    canary.close();
    assert.ok(canary.connections > 0);
  });
});
